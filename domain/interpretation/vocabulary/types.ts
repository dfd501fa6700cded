/** The words an interpreter knows. All of it is data; labels are what may be shown to sellers. */

export interface CategoryTerm {
  /** Dot-separated, general to specific. */
  readonly path: string;
  readonly label: string;
  readonly words: readonly string[];
}

export interface FeatureTerm {
  readonly id: string;
  readonly label: string;
  readonly words: readonly string[];
  /** A matter of opinion: preferred, unless the buyer insists. */
  readonly subjective?: boolean;
}

export interface BrandTerm {
  readonly name: string;
  readonly words: readonly string[];
  /** Also an everyday word: counts only when it is written with a capital. */
  readonly everyday?: boolean;
}

export interface ContextTerm {
  readonly id: string;
  /** A clause about the buyer, such as "Daily commuter". */
  readonly label: string;
  readonly words: readonly string[];
  /** Features this makes matter more, and why. */
  readonly matters?: { readonly features: readonly string[]; readonly because: string };
}

export interface NamedTerm {
  readonly id: string;
  readonly label: string;
  readonly words: readonly string[];
}

export interface CountryTerm {
  /** ISO 3166 alpha-2. */
  readonly code: string;
  readonly label: string;
  readonly words: readonly string[];
}

export interface CurrencyTerm {
  readonly code: string;
  readonly symbols: readonly string[];
  readonly words: readonly string[];
}

export interface Vocabulary {
  readonly version: string;
  readonly categories: readonly CategoryTerm[];
  readonly features: readonly FeatureTerm[];
  readonly brands: readonly BrandTerm[];
  readonly useCases: readonly ContextTerm[];
  readonly environments: readonly ContextTerm[];
  readonly recipients: readonly NamedTerm[];
  readonly certifications: readonly NamedTerm[];
  readonly countries: readonly CountryTerm[];
  readonly currencies: readonly CurrencyTerm[];
  /** What is counted: "500 reams", "a pair of". */
  readonly packagingUnits: readonly string[];
  /** What is measured: a number before it is no quantity and no price. */
  readonly measureUnits: readonly string[];
}
