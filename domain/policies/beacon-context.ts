/** What a beacon is told of why it was asked, protocol 1.0.0's `beacon_context`. */
export interface BeaconContext {
  your_categories: string[];
  /** `subcategory_match`: the request is wider than what the beacon sells. */
  matching_reason: 'category_match' | 'subcategory_match';
  /** Patterns of categories, such as `electronics.headphones.*`. */
  recommended_products: string[];
}

export function beaconContext(requested: string, categories: readonly string[]): BeaconContext {
  const covers = categories.some(
    (category) => requested === category || requested.startsWith(`${category}.`),
  );
  const narrower = categories.filter((category) => category.startsWith(`${requested}.`));
  return {
    your_categories: [...categories],
    matching_reason: covers ? 'category_match' : 'subcategory_match',
    recommended_products: covers ? [`${familyOf(requested)}.*`] : narrower.map((category) => `${category}.*`),
  };
}

/** What stands on the same shelf: the category above, where it is not a whole department. */
function familyOf(category: string): string {
  const parts = category.split('.');
  return parts.length > 2 ? parts.slice(0, -1).join('.') : category;
}
