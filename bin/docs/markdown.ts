/** Pieces of Markdown. */

/** A page that says where it comes from. */
export function page(title: string, source: string, ...parts: string[]): string {
  const notice = `<!-- Generated from ${source} by npm run docs. -->`;
  return [notice, `# ${title}`, ...parts].join('\n\n') + '\n';
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function code(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
