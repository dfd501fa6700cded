/**
 * A small schema language for ISO 20022 messages. One declaration in the order of the XSD gives the writer, the strict
 * reader and the TypeScript type; whatever the schema does not list is refused with the path of the element.
 */
import { formatMoney, MoneyError, parseMoney, type Money } from '../../domain/money';
import { Iso20022Error, type XmlElement } from './xml';

export interface ElementContent {
  attributes?: Record<string, string>;
  children?: XmlElement[];
  text?: string;
}

export interface Type<T> {
  read(element: XmlElement, path: string): T;
  write(value: T, path: string): ElementContent;
}

export interface Optional<T> {
  optional: Type<T>;
}

export interface List<T> {
  list: Type<T>;
  max: number;
}

export type Field = Type<unknown> | Optional<unknown> | List<unknown>;
export type Fields = Record<string, Field>;
type FieldValue<F> =
  F extends Optional<infer T> ? T : F extends List<infer T> ? T[] : F extends Type<infer T> ? T : never;
type OptionalKeys<F> = { [K in keyof F]: F[K] extends Optional<unknown> ? K : never }[keyof F];
type Simplify<T> = { [K in keyof T]: T[K] };
export type ValueOf<F> = Simplify<
  { [K in Exclude<keyof F, OptionalKeys<F>>]: FieldValue<F[K]> } & {
    [K in OptionalKeys<F>]?: FieldValue<F[K]>;
  }
>;
type ChoiceOf<F> = { [K in keyof F]: { [P in K]: FieldValue<F[P]> } }[keyof F];
export type Value<T> = T extends Type<infer V> ? V : never;

export function optional<T>(type: Type<T>): Optional<T> {
  return { optional: type };
}

/** None to `max` elements of one name. */
export function list<T>(type: Type<T>, max: number): List<T> {
  return { list: type, max };
}

/** Elements in exactly this order, as an XSD sequence demands. */
export function sequence<F extends Fields>(fields: F): Type<ValueOf<F>> {
  return {
    read(element, path) {
      noAttributes(element, path);
      const result: Record<string, unknown> = {};
      let next = 0;
      for (const [name, field] of Object.entries(fields)) {
        const start = next;
        while (element.children[next]?.name === name) next += 1;
        const value = readField(field, element.children.slice(start, next), `${path}/${name}`);
        if (value !== undefined) result[name] = value;
      }
      const unexpected = element.children[next];
      if (unexpected) throw new Iso20022Error(`${path}/${unexpected.name}`, 'not expected here');
      if (element.text.trim() !== '') throw new Iso20022Error(path, 'text where elements are expected');
      return result as ValueOf<F>;
    },
    write(value, path) {
      const given = value as Record<string, unknown>;
      const children = Object.entries(fields).flatMap(([name, field]) =>
        writeField(field, name, given[name], `${path}/${name}`),
      );
      return { children };
    },
  };
}

function readField(field: Field, found: XmlElement[], path: string): unknown {
  if ('list' in field) {
    if (found.length > field.max) throw new Iso20022Error(path, `more than ${field.max} times`);
    return found.map((element) => field.list.read(element, path));
  }
  if (found.length > 1) throw new Iso20022Error(path, 'more than once');
  const [element] = found;
  if ('optional' in field) return element ? field.optional.read(element, path) : undefined;
  if (!element) throw new Iso20022Error(path, 'missing');
  return field.read(element, path);
}

function writeField(field: Field, name: string, value: unknown, path: string): XmlElement[] {
  if ('list' in field) {
    const values = value as unknown[];
    if (values.length > field.max) throw new Iso20022Error(path, `more than ${field.max} times`);
    return values.map((item) => toElement(name, field.list.write(item, path)));
  }
  if ('optional' in field) {
    return value === undefined ? [] : [toElement(name, field.optional.write(value, path))];
  }
  if (value === undefined) throw new Iso20022Error(path, 'missing');
  return [toElement(name, field.write(value, path))];
}

export function toElement(name: string, content: ElementContent): XmlElement {
  return {
    name,
    attributes: content.attributes ?? {},
    children: content.children ?? [],
    text: content.text ?? '',
  };
}

/** Exactly one of several elements. */
export function choice<F extends Record<string, Type<unknown>>>(fields: F): Type<ChoiceOf<F>> {
  return {
    read(element, path) {
      noAttributes(element, path);
      const [child, ...more] = element.children;
      if (!child) throw new Iso20022Error(path, 'empty');
      if (more.length > 0) throw new Iso20022Error(path, 'more than one alternative');
      const type = Object.hasOwn(fields, child.name) ? fields[child.name] : undefined;
      if (!type) throw new Iso20022Error(`${path}/${child.name}`, 'not expected here');
      return { [child.name]: type.read(child, `${path}/${child.name}`) } as ChoiceOf<F>;
    },
    write(value, path) {
      const entries = Object.entries(value as Record<string, unknown>);
      const [entry] = entries;
      const type = entry && Object.hasOwn(fields, entry[0]) ? fields[entry[0]] : undefined;
      if (!entry || !type || entries.length !== 1) throw new Iso20022Error(path, 'exactly one alternative');
      return { children: [toElement(entry[0], type.write(entry[1], `${path}/${entry[0]}`))] };
    },
  };
}

/** A leaf whose text becomes a value. `parse` answers undefined for what it refuses. */
export function leaf<T>(
  what: string,
  parse: (text: string) => T | undefined,
  print: (value: T) => string,
): Type<T> {
  return {
    read(element, path) {
      noAttributes(element, path);
      if (element.children.length > 0) throw new Iso20022Error(path, 'elements where text is expected');
      const value = parse(element.text);
      if (value === undefined) throw new Iso20022Error(path, `not ${what}`);
      return value;
    },
    write(value, path) {
      const text = print(value);
      if (parse(text) === undefined) throw new Iso20022Error(path, `not ${what}`);
      return { text };
    },
  };
}

export function text(max: number): Type<string> {
  const accept = (value: string) => (value.trim() !== '' && value.length <= max ? value : undefined);
  return leaf(`text of 1 to ${max} characters`, accept, (value) => value);
}

export function pattern(what: string, expression: RegExp): Type<string> {
  return leaf(
    what,
    (value) => (expression.test(value) ? value : undefined),
    (value) => value,
  );
}

export function code<C extends string>(...codes: readonly C[]): Type<C> {
  return leaf(
    `one of ${codes.join(' ')}`,
    (value) => codes.find((candidate) => candidate === value),
    (value) => value,
  );
}

/** An ISO 20022 amount: a decimal with its currency as attribute, never negative, never through a float. */
export const amount: Type<Money> = {
  read(element, path) {
    const { Ccy: currency, ...others } = element.attributes;
    if (Object.keys(others).length > 0) throw new Iso20022Error(path, 'an unexpected attribute');
    if (!currency || !/^[A-Z]{3}$/.test(currency)) throw new Iso20022Error(path, 'without a currency');
    if (element.children.length > 0) throw new Iso20022Error(path, 'elements where an amount is expected');
    try {
      const value = parseMoney(element.text, currency);
      if (value.amountMinor < 0n) throw new MoneyError('negative');
      return value;
    } catch {
      throw new Iso20022Error(path, 'not an amount of its currency');
    }
  },
  write(value, path) {
    if (!/^[A-Z]{3}$/.test(value.asset) || value.amountMinor < 0n) {
      throw new Iso20022Error(path, 'not an amount of a currency');
    }
    return { attributes: { Ccy: value.asset }, text: formatMoney(value) };
  },
};

function noAttributes(element: XmlElement, path: string): void {
  if (Object.keys(element.attributes).length > 0) throw new Iso20022Error(path, 'an unexpected attribute');
}
