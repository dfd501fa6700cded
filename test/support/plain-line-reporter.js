/**
 * Says at the end how many tests passed and failed, in one plain line: `12 passed, 0 failed`. bin/test.ts wants it
 * after everything else, so it names a file to leave the line in.
 */
const { writeFileSync } = require('node:fs');

class PlainLineReporter {
  onRunComplete(_contexts, results) {
    // A file that can't be loaded has no tests to count, and a run that was cut short must not look well.
    const failed =
      results.numFailedTests + results.numRuntimeErrorTestSuites + (results.wasInterrupted ? 1 : 0);
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = [
      `${results.numPassedTests} passed`,
      `${failed} failed`,
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ].join(', ');
    const file = process.env.AURA_SUMMARY_FILE;
    if (file) writeFileSync(file, line);
    else process.stdout.write(`${line}\n`);
  }
}

module.exports = PlainLineReporter;
