/** Finding one's way in a camt document whose other contents do not matter. */
import { Iso20022Error, type XmlElement } from '../iso20022/xml';

/** The first element along the path, if it is there. */
export function child(element: XmlElement, ...path: string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>(
    (found, name) => found?.children.find((one) => one.name === name),
    element,
  );
}

export function all(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((one) => one.name === name);
}

/** Throws `Iso20022Error` where it is missing. */
export function need(element: XmlElement, ...path: string[]): XmlElement {
  const found = child(element, ...path);
  if (!found) throw new Iso20022Error(`${element.name}/${path.join('/')}`, 'missing');
  return found;
}

export function textOf(element: XmlElement, ...path: string[]): string {
  return need(element, ...path).text.trim();
}

/** How many lines into the text the last element of a path first appears; 0 where it does not. */
export function locate(xml: string, path: string): number {
  const name = path.split('/').at(-1) ?? '';
  const at = /^\w+$/.test(name) ? xml.search(new RegExp(`<${name}[\\s>/]`)) : -1;
  return at === -1 ? 0 : xml.slice(0, at).split('\n').length - 1;
}
