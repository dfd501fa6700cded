/** The address without its password, for messages. */
export function redactUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password) parsed.password = '***';
    for (const name of parsed.searchParams.keys())
      if (/pass/i.test(name)) parsed.searchParams.set(name, '***');
    return parsed.href;
  } catch {
    return '(not a url)';
  }
}
