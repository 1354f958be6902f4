// How Landbridge starts Node. Plain JavaScript on purpose, like the launcher that reads it.

/**
 * A connector under load makes much short-lived garbage and little that lives: V8 answers by letting the young generation
 * grow to 128 MB, which a machine that shares its memory notices and no request gains from. 8 MB for a semi-space hold it
 * at 16 MB at the same rate of requests.
 */
export const nodeFlags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8']
