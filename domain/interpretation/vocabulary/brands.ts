import type { BrandTerm } from './types';

/** Names; other spellings after a colon. */
const NAMES = [
  'Sony, Bose, Sennheiser, Beats, JBL, Skullcandy, Jabra, Anker, Soundcore, Audio-Technica: audio technica, AKG',
  'Bang & Olufsen: bang olufsen; b&o, Bowers & Wilkins: bowers wilkins, Shure, Beyerdynamic, Marshall, Sonos, Yamaha',
  'Samsung, LG, Panasonic, Philips, TCL, Hisense, Xiaomi, Huawei, OnePlus: one plus, Google, Motorola, Nokia',
  'Dell, HP: hewlett packard, Lenovo, Asus, Acer, MSI, Microsoft, Razer, Logitech, Corsair, SteelSeries, HyperX',
  'Canon, Nikon, Fujifilm: fuji, GoPro: go pro, DJI, Garmin, Fitbit, Epson, Kyocera, Xerox',
  'Intel, AMD, Nvidia, Kingston, SanDisk, Seagate, Western Digital, Netgear, TP-Link: tp link, Ubiquiti, Cisco',
  'Nintendo, Valve, Meta, Kindle',
  'IKEA, Herman Miller, Steelcase, Dyson, Miele, Bosch, Siemens, Whirlpool, Electrolux, iRobot: roomba, KitchenAid',
  "De'Longhi: delonghi; de longhi, Breville, Nespresso, Lavazza, Illy, Tefal, Le Creuset, WMF, Makita, DeWalt, Hilti",
  'Nike, Adidas, Reebok, Asics, Brooks, Saucony, New Balance, Hoka, Under Armour, Lululemon, Patagonia, Columbia',
  'The North Face: north face, Arc’teryx: arcteryx, Salomon, Birkenstock, Timberland, Zara, Uniqlo, Gucci, Prada',
  "Levi's: levis; levi, Ralph Lauren, Tommy Hilfiger, Calvin Klein, Hugo Boss, Ray-Ban: ray ban, Rolex, Casio, Seiko",
  'Pilot, Staedtler, Faber-Castell: faber castell, Moleskine, Leitz, Fellowes, 3M, Post-it, Avery',
  'Nestlé: nestle, Lindt, Ferrero, Barilla, Heinz, Kellogg’s: kelloggs; kellogg, Starbucks, Twinings, Pepsi',
  'Nivea, L’Oréal: loreal; l oreal, Oral-B: oral b, Gillette, Braun, Pampers, Bugaboo, Chicco',
  'Lego, Hasbro, Mattel, Playmobil, Ravensburger, Wilson, Decathlon, Shimano, Trek, Specialized, Osprey, Samsonite',
  'Rimowa, Tumi, Michelin, Goodyear, Pirelli, Castrol, Fender, Gibson, Steinway, Adobe, Salesforce, Atlassian, Slack',
  'Notion, Zoom, Oracle, SAP, ABB, Schneider Electric, Honeywell, Caterpillar, Festo, Würth: wurth, BASF, Henkel',
  'Lufthansa, Emirates, Delta, Ryanair, EasyJet, Marriott, Hilton, Hyatt, Ibis, Hertz, Sixt, Airbnb, DHL, FedEx, UPS',
  'Apple, Shell, Dove, Gap, Target, Puma, Brother, Crucial, Coach, Fossil, Diesel, Guess, Visa',
];

/** Written with a small letter these are just words. */
const EVERYDAY: ReadonlySet<string> = new Set(
  (
    'Apple Shell Dove Gap Target Puma Brother Crucial Coach Fossil Diesel Guess Visa Marshall Pilot Columbia Brooks ' +
    'Meta Valve Delta Slack Notion Zoom Oracle Trek Specialized Wilson Beats Google Avery Gibson Saucony Osprey'
  ).split(' '),
);

export const BRANDS: readonly BrandTerm[] = NAMES.flatMap((line) => line.split(', ')).map((entry) => {
  const [name = '', others = ''] = entry.split(': ');
  const words = [name, ...others.split('; ').filter(Boolean)];
  return EVERYDAY.has(name) ? { name, words, everyday: true } : { name, words };
});
