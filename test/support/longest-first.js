/** Starts the files that take longest first, so that no worker is left with one of them at the end. */
const Sequencer = require('@jest/test-sequencer').default;

/** Files of the earlier folders bring a whole platform up; the killing ones do so again and again. */
const LONGEST = [
  /e2e\/crashes/,
  /e2e\//,
  /api\/(idempotency|webhooks|websocket|confirmation)/,
  /api\//,
  /sdk\//,
  /contract\//,
  /examples\//,
  /rails\//,
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = LONGEST.findIndex((pattern) => pattern.test(path));
      return at < 0 ? LONGEST.length : at;
    };
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }
};
