// How Landbridge starts Node. Plain JavaScript on purpose, like the launcher that reads it.

/**
 * A connector under load makes much short-lived garbage and little that lives: V8 answers by letting the young generation
 * grow to 128 MB, which a machine that shares its memory notices and no request gains from. 8 MB for a semi-space hold it
 * at 16 MB at the same rate of requests. Nor does it shrink in a pause: growing again in the next burst promotes what is
 * short-lived (peak of a connector under 64 connections: 131 MB instead of 140).
 */
export const nodeFlags = ['--disable-warning=ExperimentalWarning', '--min-semi-space-size=8', '--max-semi-space-size=8']

/** Commands of the data plane, whose live memory is small. */
const dataPlane = ['connector', 'proxy', 'transparent-proxy']

/**
 * The flags for a command of the command line. In the data plane every helper thread of the garbage collector takes
 * processor time from the other processes of a request: without them a request costs 5 % less and the slowest one percent
 * waits half as long (64 connections, 2 cores).
 */
export function nodeFlagsOf(command) {
  return dataPlane.includes(command) ? [...nodeFlags, '--single-threaded-gc'] : nodeFlags
}
