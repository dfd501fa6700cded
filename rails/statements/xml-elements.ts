/**
 * Cuts a large document into its repeated elements as it streams in, so that only one is held at a time. What is between
 * them is kept as a document of its own and shows whether the whole is well formed.
 */
import { StatementFileError, type Chunks } from './file';

export interface CutElement {
  xml: string;
  /** Where it begins, counted from 1. */
  line: number;
}

/** Bounds one element, and all that is not one. */
const MAX_ELEMENT = 2_000_000;
const MAX_REST = 500_000;

export interface ElementCutter {
  elements(): AsyncGenerator<CutElement>;
  /** The document without the elements, as far as it was read. */
  rest(): string;
  /** Lines of the document, as far as they were read. */
  lines(): number;
}

export function cutElements(source: Chunks, name: string): ElementCutter {
  const begin = new RegExp(`<${name}[\\s>]`);
  const end = `</${name}>`;
  let rest = '';
  let buffer = '';
  let line = 1;

  /** Takes characters off the buffer. */
  const take = (length: number): string => {
    const taken = buffer.slice(0, length);
    buffer = buffer.slice(length);
    for (let at = taken.indexOf('\n'); at !== -1; at = taken.indexOf('\n', at + 1)) line += 1;
    return taken;
  };
  const keep = (text: string) => {
    rest += text;
    if (rest.length > MAX_REST) throw tooLarge('document');
  };
  const tooLarge = (field: string) =>
    new StatementFileError({ line, field, reason: 'larger than what is accepted' });

  function* cut(): Generator<CutElement> {
    for (;;) {
      const start = begin.exec(buffer)?.index;
      if (start === undefined) {
        // The beginning of an element may be at the end of the buffer.
        keep(take(Math.max(0, buffer.length - name.length - 1)));
        return;
      }
      keep(take(start));
      const stop = buffer.indexOf(end);
      if (stop === -1) {
        if (buffer.length > MAX_ELEMENT) throw tooLarge(name);
        return;
      }
      const at = line;
      const xml = take(stop + end.length);
      if (xml.length > MAX_ELEMENT) throw tooLarge(name);
      yield { xml, line: at };
    }
  }

  return {
    async *elements() {
      for await (const chunk of source) {
        buffer += chunk;
        yield* cut();
      }
      keep(take(buffer.length));
    },
    rest: () => rest,
    lines: () => line,
  };
}
