import type { CategoryTerm } from './types';

type Row = readonly [path: string, label: string, words?: string];

/** Digital goods, services, travel and what businesses buy. */
const ROWS: readonly Row[] = [
  ['digital', 'digital goods', 'digital product, download'],
  [
    'digital.software',
    'software',
    'software licence, software license, app licence, antivirus, office suite, operating system, video editor',
  ],
  [
    'digital.saas',
    'software subscriptions',
    'saas, crm, crm software, project management tool, cloud subscription, accounting software, help desk software',
  ],
  ['digital.games', 'video games', 'video game, pc game, game key, steam key'],
  ['digital.ebooks', 'e-books and audiobooks', 'ebook, e book, audiobook'],
  ['digital.media', 'stock media', 'stock photo, stock footage, font, sound effect, 3d model, icon set'],
  ['digital.courses', 'online courses', 'online course, e learning course, video course'],
  ['digital.gift_cards', 'gift cards', 'gift card, voucher'],
  ['digital.data', 'data sets', 'dataset, data set, market data, data feed, api access, api credits'],
  ['digital.domains', 'domains and hosting', 'domain name, web hosting, vps, ssl certificate'],
  ['digital.compute', 'compute', 'gpu hours, cloud compute, gpu time, inference credits, cloud server'],
  ['services', 'services', 'professional service'],
  [
    'services.cleaning',
    'cleaning services',
    'cleaning service, house cleaning, office cleaning, cleaner, window cleaning',
  ],
  [
    'services.repair',
    'repair services',
    'plumber, electrician, repair service, handyman, phone repair, appliance repair, locksmith',
  ],
  ['services.moving', 'moving services', 'moving company, movers, removal service, furniture moving'],
  [
    'services.design',
    'design services',
    'logo design, graphic designer, web design, ui design, interior design, illustrator',
  ],
  [
    'services.development',
    'software development',
    'web developer, app development, website development, software developer, code review, penetration test',
  ],
  [
    'services.marketing',
    'marketing services',
    'seo service, ad campaign, copywriting, copywriter, social media management',
  ],
  [
    'services.translation',
    'translation',
    'translator, translation service, interpreter, proofreading, transcription',
  ],
  ['services.legal', 'legal services', 'lawyer, legal advice, contract review, notary, patent attorney'],
  [
    'services.accounting',
    'accounting services',
    'accountant, bookkeeping, tax advice, tax return, audit service, payroll service',
  ],
  ['services.consulting', 'consulting', 'consultant, management consulting, business coach'],
  [
    'services.photography',
    'photography services',
    'photographer, wedding photographer, photo shoot, videographer',
  ],
  ['services.tutoring', 'tutoring', 'tutor, language lessons, piano lessons, private lessons'],
  ['services.catering', 'catering', 'caterer, catering service, private chef'],
  ['services.health', 'health services', 'physiotherapist, personal trainer, massage, dentist, therapist'],
  [
    'services.delivery',
    'delivery and courier services',
    'courier, freight forwarding, same day courier, warehousing',
  ],
  ['services.childcare', 'child and pet care', 'babysitter, nanny, dog walker, pet sitter'],
  ['services.events', 'event services', 'event planner, dj, venue hire, wedding planner'],
  ['travel', 'travel', 'holiday package, vacation package, package tour, cruise'],
  ['travel.flights', 'flights', 'flight, plane ticket, airline ticket, airfare'],
  ['travel.hotels', 'hotels', 'hotel, hotel room, hostel, accommodation, holiday apartment, resort'],
  ['travel.trains', 'train tickets', 'train ticket, rail pass'],
  ['travel.cars', 'rental cars', 'rental car, car rental, car hire, hire car'],
  ['travel.tickets', 'event tickets', 'concert ticket, theatre ticket, museum ticket, festival ticket'],
  ['travel.luggage', 'luggage', 'suitcase, carry on, carry on bag, travel bag, trolley case'],
  ['industrial', 'industrial supplies', 'industrial equipment, industrial machinery'],
  ['industrial.fasteners', 'fasteners', 'screw, bolt, nut and bolt, rivet, washer'],
  [
    'industrial.raw_materials',
    'raw materials',
    'steel sheet, aluminium sheet, aluminum sheet, steel coil, copper wire, plywood, timber, resin, polymer pellets',
  ],
  [
    'industrial.safety',
    'safety equipment',
    'hard hat, safety helmet, safety goggles, respirator, nitrile gloves, ear defenders, fire extinguisher',
  ],
  [
    'industrial.packaging',
    'packaging',
    'cardboard box, shipping box, pallet, stretch wrap, bubble wrap, packing tape, mailer bag',
  ],
  [
    'industrial.machinery',
    'machinery',
    'cnc machine, forklift, compressor, generator, lathe, conveyor belt, pump, industrial pump, hydraulic press',
  ],
  [
    'industrial.electrical',
    'electrical components',
    'circuit breaker, cable drum, transformer, relay, electric motor, solar panel, inverter',
  ],
  [
    'industrial.electronics',
    'electronic components',
    'microcontroller, resistor, capacitor, semiconductor, pcb, circuit board, sensor, connector',
  ],
  [
    'industrial.chemicals',
    'chemicals',
    'solvent, adhesive, lubricant, isopropyl alcohol, industrial cleaner',
  ],
  ['industrial.lab', 'laboratory equipment', 'microscope, centrifuge, pipette, lab equipment, test tube'],
  [
    'industrial.medical',
    'medical supplies',
    'syringe, surgical mask, examination gloves, wheelchair, hospital bed',
  ],
  [
    'industrial.agriculture',
    'agricultural supplies',
    'fertiliser, fertilizer, seeds, animal feed, irrigation, tractor part',
  ],
  [
    'industrial.construction',
    'construction materials',
    'cement, concrete, brick, drywall, insulation, roof tile, rebar, scaffolding',
  ],
  [
    'industrial.food_service',
    'food service equipment',
    'commercial oven, commercial refrigerator, commercial dishwasher, disposable cups',
  ],
  ['industrial.textiles', 'textiles', 'fabric roll, cotton fabric, fabric, leather hide'],
];

export const DIGITAL_SERVICES_AND_INDUSTRY: readonly CategoryTerm[] = ROWS.map(
  ([path, label, words = '']) => ({
    path,
    label,
    words: [label, ...words.split(', ').filter(Boolean)],
  }),
);
