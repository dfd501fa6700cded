import type { RailName } from '../../../domain/settlement';
import type { Stage } from '../stage';

/** A story of something going wrong, and what it must come to. */
export interface Scenario {
  title: string;
  /** The rails that run; the buyer can pay over those in `pays`. */
  rails: readonly RailName[];
  pays: readonly RailName[];
  /** Settings of the processes, such as a shorter day of the profile. */
  env?: Readonly<Record<string, string>>;
  /** Tells it. Answers its own figures; throws where it did not come to what it must. */
  tell(stage: Stage): Promise<Figures>;
}

export type Figures = Readonly<Record<string, string | number | boolean>>;

export function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the story went wrong: ${what}`);
}
