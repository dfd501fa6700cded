import { isDay, isRecordable } from '../../domain/recordable-time';

describe('a time that can be recorded', () => {
  test.each(['0001-01-01', '2026-11-28T12:00:00Z', '9999-12-31', '0000-12-31T23:30:00-01:00'])(
    '%s is one',
    (text) => {
      expect(isRecordable(text)).toBe(true);
    },
  );

  test.each(['0000-02-29', '0001-01-01T00:30:00+01:00', '9999-12-31T23:30:00-01:00', 'yesterday'])(
    '%s is none',
    (text) => {
      expect(isRecordable(text)).toBe(false);
    },
  );
});

test('a day is written in full and is in the calendar', () => {
  expect(['2024-02-29', '0001-01-01'].map(isDay)).toEqual([true, true]);
  const none = ['2026-02-29', '0000-02-29', '2026-2-9', '2026-11-28T00:00:00Z', '2026-13-01', ''];
  expect(none.filter(isDay)).toEqual([]);
});
