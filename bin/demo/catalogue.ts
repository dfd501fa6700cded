/** What the demo's three merchants sell. Each product knows the lowest price its merchant would take. */
import type { OfferDocument } from '../../domain/market/offer';

export interface Product {
  id: string;
  name: string;
  category: string;
  brand: string;
  features: string[];
  description: string;
  /** Decimals of USD; the floor never leaves the merchant. */
  listPrice: string;
  floorPrice: string;
  stock: number;
  deliveryDays: { min: number; max: number };
}

const product = (
  id: string,
  name: string,
  category: string,
  brand: string,
  prices: readonly [list: string, floor: string],
  features: string[],
  description: string,
  deliveryDays = { min: 2, max: 5 },
  stock = 200,
): Product => ({
  id,
  name,
  category,
  brand,
  listPrice: prices[0],
  floorPrice: prices[1],
  features,
  description,
  deliveryDays,
  stock,
});

const OVER_EAR = 'electronics.headphones.over_ear';

export const CATALOGUES = {
  acme: [
    product(
      'wh-1000xm5',
      'Sony WH-1000XM5',
      OVER_EAR,
      'Sony',
      ['399.99', '339.00'],
      ['noise_cancellation', 'wireless', 'foldable', 'long_battery', 'multipoint'],
      'Noise cancelling wireless headphones for commuters: quiet on a loud train, comfortable all day, 30 hours of battery.',
    ),
    product(
      'xps-13',
      'Dell XPS 13',
      'electronics.computers.laptops',
      'Dell',
      ['1199.00', '1049.00'],
      ['lightweight', 'long_battery', 'usb_c'],
      'A light laptop for work on the road with a bright screen and long battery life.',
    ),
    product(
      'galaxy-s25',
      'Samsung Galaxy S25',
      'electronics.phones',
      'Samsung',
      ['849.00', '769.00'],
      ['5g', 'waterproof', 'fast_charging'],
      'A phone with a fine camera, water resistant, charges fast.',
    ),
    product(
      'aeropress',
      'Espresso machine Barista Pro',
      'home.kitchen.coffee',
      'Breville',
      ['699.00', '599.00'],
      ['compact', 'easy_to_clean'],
      'An espresso machine for the home kitchen, quick to heat and easy to clean.',
    ),
  ],
  nordic: [
    product(
      'qc-ultra',
      'Bose QuietComfort Ultra',
      OVER_EAR,
      'Bose',
      ['379.99', '299.00'],
      ['noise_cancellation', 'wireless', 'comfortable', 'foldable'],
      'Premium wireless headphones with noise cancellation and a natural sound for long listening.',
      { min: 1, max: 3 },
    ),
    product(
      'momentum-4',
      'Sennheiser Momentum 4',
      OVER_EAR,
      'Sennheiser',
      ['349.99', '289.00'],
      ['noise_cancellation', 'wireless', 'long_battery'],
      'Audiophile sound with adaptive noise cancellation; 60 hours of battery for every commute by train or plane.',
      { min: 1, max: 3 },
    ),
    product(
      'sonos-era',
      'Sonos Era 100',
      'electronics.speakers',
      'Sonos',
      ['249.00', '219.00'],
      ['wireless', 'wifi', 'stereo'],
      'A compact wireless speaker that fills a living room.',
      { min: 1, max: 3 },
    ),
  ],
  bazaar: [
    product(
      'tune-770',
      'JBL Tune 770NC',
      OVER_EAR,
      'JBL',
      ['149.99', '99.00'],
      ['noise_cancellation', 'wireless', 'foldable'],
      'Affordable wireless headphones with noise cancelling.',
      { min: 4, max: 9 },
    ),
    product(
      'space-one',
      'Anker Soundcore Space One',
      OVER_EAR,
      'Anker',
      ['119.99', '84.00'],
      ['noise_cancellation', 'wireless', 'long_battery'],
      'Value headphones for travel and office.',
      { min: 4, max: 9 },
    ),
    product(
      'wh-1000xm4',
      'Sony WH-1000XM4',
      OVER_EAR,
      'Sony',
      ['348.00', '305.00'],
      ['noise_cancellation', 'wireless', 'foldable'],
      'The classic noise cancelling headphones, last year’s model.',
      { min: 4, max: 9 },
    ),
    product(
      'thinkbook',
      'Lenovo ThinkBook 14',
      'electronics.computers.laptops',
      'Lenovo',
      ['799.00', '699.00'],
      ['lightweight'],
      'A solid laptop for office work.',
      { min: 4, max: 9 },
    ),
    product(
      'trail-shoe',
      'Salomon Speedcross 6',
      'clothing.shoes.running',
      'Salomon',
      ['139.95', '104.00'],
      ['waterproof', 'lightweight'],
      'Trail running shoes with grip for mud.',
      { min: 3, max: 7 },
    ),
    product(
      'office-chair',
      'Ergonomic office chair',
      'home.furniture.chairs',
      'HON',
      ['329.00', '249.00'],
      ['ergonomic', 'adjustable'],
      'An adjustable chair for the home office.',
      { min: 5, max: 10 },
    ),
    product(
      'paper-a4',
      'Copy paper, 500 sheets',
      'office.paper',
      'HP',
      ['6.49', '4.80'],
      ['recycled'],
      'A ream of white copy paper.',
      { min: 2, max: 6 },
      50_000,
    ),
  ],
} as const satisfies Record<string, readonly Product[]>;

/** The product as an offer at this price. */
export function offerOf(
  product: Product,
  price: string,
  validUntil: Date,
  taxRateBps: number,
): OfferDocument {
  return {
    product: {
      product_id: product.id,
      name: product.name,
      category: product.category,
      structured_attributes: { brand: product.brand, features: product.features, condition: 'new' },
      natural_language_description: { content: product.description, language: 'en' },
    },
    pricing: { currency: 'USD', offer_price: price, list_price: product.listPrice, tax_rate_bps: taxRateBps },
    availability: {
      in_stock: product.stock > 0,
      quantity_available: product.stock,
      delivery_estimate_days: product.deliveryDays,
      shipping_options: [
        { method: 'standard', price: '0.00' },
        { method: 'express', price: '14.99' },
      ],
    },
    terms: { return_policy: '30 days', warranty: '1 year' },
    valid_until: validUntil.toISOString(),
  };
}
