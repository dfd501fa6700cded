/** The kinds of fields that NACHA records are made of: text to the left, numbers to the right, fixed lengths. */

export interface Field<T> {
  readonly length: number;
  /** Throws `FieldError` for a value that the field cannot hold. */
  write(value: T): string;
  /** Throws `FieldError` for what is no such value, or not written as `write` would. */
  read(text: string): T;
}

export class FieldError extends Error {
  override name = 'FieldError';
}

const PRINTABLE = /^[\x20-\x7e]*$/;

/** A field that always holds the same. */
export function constant(text: string): Field<void> {
  return {
    length: text.length,
    write: () => text,
    read(found) {
      if (found !== text) throw new FieldError(`it is always ${JSON.stringify(text)}`);
    },
  };
}

export function blank(length: number): Field<void> {
  return constant(' '.repeat(length));
}

/** Printable ASCII without blanks at its end, filled up with blanks. */
export function text(length: number): Field<string> {
  return {
    length,
    write(value) {
      if (value.length > length) throw new FieldError(`longer than ${length} characters`);
      if (!PRINTABLE.test(value) || value.endsWith(' ')) throw new FieldError('not printable ASCII');
      return value.padEnd(length);
    },
    read(found) {
      if (!PRINTABLE.test(found)) throw new FieldError('not printable ASCII');
      return found.trimEnd();
    },
  };
}

/** Like `text`, but never empty. */
export function requiredText(length: number): Field<string> {
  const field = text(length);
  const required = (value: string): string => {
    if (value.trim() === '') throw new FieldError('it is empty');
    return value;
  };
  return {
    length,
    write: (value) => field.write(required(value)),
    read: (found) => required(field.read(found)),
  };
}

/** Exactly so many digits. */
export function digits(length: number): Field<string> {
  const check = (value: string): string => {
    if (!/^\d*$/.test(value) || value.length !== length) throw new FieldError(`not ${length} digits`);
    return value;
  };
  return { length, write: check, read: check };
}

/** A count or a sum without a sign. */
export function count(length: number): Field<number> {
  return {
    length,
    write(value) {
      if (!Number.isSafeInteger(value) || value < 0 || value >= 10 ** length)
        throw new FieldError(`not a number of at most ${length} digits`);
      return String(value).padStart(length, '0');
    },
    read: (found) => Number(digits(length).read(found)),
  };
}

/** Minor units (cents). */
export function amount(length: number): Field<bigint> {
  return {
    length,
    write(value) {
      if (value < 0n || value >= 10n ** BigInt(length))
        throw new FieldError(`not an amount of at most ${length} digits`);
      return value.toString().padStart(length, '0');
    },
    read: (found) => BigInt(digits(length).read(found)),
  };
}

/** `YYYY-MM-DD`, on the wire YYMMDD of this century. */
export function date(): Field<string> {
  return {
    length: 6,
    write(value) {
      const match = /^20(\d\d)-(\d\d)-(\d\d)$/.exec(value);
      if (!match || !isDate(value)) throw new FieldError('not a date');
      return match.slice(1).join('');
    },
    read(found) {
      const value = `20${found.slice(0, 2)}-${found.slice(2, 4)}-${found.slice(4, 6)}`;
      if (!/^\d{6}$/.test(found) || !isDate(value)) throw new FieldError('not a date');
      return value;
    },
  };
}

function isDate(value: string): boolean {
  const at = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(value);
}

/** `HH:MM`, on the wire HHMM. */
export function time(): Field<string> {
  const check = (hours: string, minutes: string): void => {
    if (!/^([01]\d|2[0-3])$/.test(hours) || !/^[0-5]\d$/.test(minutes)) throw new FieldError('not a time');
  };
  return {
    length: 4,
    write(value) {
      const [hours = '', minutes = '', ...more] = value.split(':');
      if (more.length > 0) throw new FieldError('not a time');
      check(hours, minutes);
      return hours + minutes;
    },
    read(found) {
      check(found.slice(0, 2), found.slice(2));
      return `${found.slice(0, 2)}:${found.slice(2)}`;
    },
  };
}

/** One of a few texts of the same length. */
export function oneOf<const T extends string>(...choices: readonly [T, ...T[]]): Field<T> {
  const check = (value: string): T => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new FieldError(`not one of ${choices.join(', ')}`);
    return found;
  };
  return { length: choices[0].length, write: check, read: check };
}

/** Nine digits whose last one is the check digit (weights 3, 7, 1). */
export function routing(): Field<string> {
  const check = (value: string): string => {
    if (!isRoutingNumber(value)) throw new FieldError('not a routing number with its check digit');
    return value;
  };
  return { length: 9, write: check, read: check };
}

/** A routing number after a blank, as the file header has it. */
export function sender(): Field<string> {
  return {
    length: 10,
    write: (value) => ` ${routing().write(value)}`,
    read(found) {
      if (!found.startsWith(' ')) throw new FieldError('it begins with a blank');
      return routing().read(found.slice(1));
    },
  };
}

export function isRoutingNumber(value: string): boolean {
  if (!/^\d{9}$/.test(value)) return false;
  return checkDigit(value.slice(0, 8)) === Number(value[8]);
}

/** The check digit of a bank's eight digits. */
export function checkDigit(bank: string): number {
  const weights = [3, 7, 1, 3, 7, 1, 3, 7];
  const sum = weights.reduce((total, weight, index) => total + weight * Number(bank[index]), 0);
  return (10 - (sum % 10)) % 10;
}
