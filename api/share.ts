/** Equal calls that come at once go out as one, and whoever comes while it is out shares the one after it. */
export interface Share {
  /** What a caller did before this call is always before the call whose answer it gets. */
  <T>(key: string, call: () => Promise<T>): Promise<T>;
}

interface Out {
  current: Promise<unknown>;
  next?: Promise<unknown>;
}

export function createShare(): Share {
  const out = new Map<string, Out>();

  function start<T>(key: string, entry: Out, call: () => Promise<T>): Promise<T> {
    const answer = call();
    entry.current = answer;
    entry.next = undefined;
    out.set(key, entry);
    const settle = () => {
      if (entry.next === undefined) out.delete(key);
    };
    answer.then(settle, settle);
    return answer;
  }

  return <T>(key: string, call: () => Promise<T>): Promise<T> => {
    const entry = out.get(key);
    if (!entry) return start(key, { current: Promise.resolve() }, call);
    const after = () => start(key, entry, call);
    entry.next ??= entry.current.then(after, after);
    return entry.next as Promise<T>;
  };
}
