/** The vocabulary of the house. */
import { BRANDS } from './brands';
import { GOODS } from './categories-goods';
import { DIGITAL_SERVICES_AND_INDUSTRY } from './categories-other';
import { CERTIFICATION_TERMS, ENVIRONMENT_TERMS, RECIPIENT_TERMS, USE_CASE_TERMS } from './contexts';
import { FEATURES } from './features';
import { COUNTRIES, CURRENCIES, MEASURE_UNITS, PACKAGING_UNITS } from './places-and-units';
import type { Vocabulary } from './types';

export type * from './types';

export const VOCABULARY: Vocabulary = {
  version: '2026-04',
  categories: [...GOODS, ...DIGITAL_SERVICES_AND_INDUSTRY],
  features: FEATURES,
  brands: BRANDS,
  useCases: USE_CASE_TERMS,
  environments: ENVIRONMENT_TERMS,
  recipients: RECIPIENT_TERMS,
  certifications: CERTIFICATION_TERMS,
  countries: COUNTRIES,
  currencies: CURRENCIES,
  packagingUnits: PACKAGING_UNITS,
  measureUnits: MEASURE_UNITS,
};
