/** The words of a command as a POSIX shell takes them: whatever a word contains, it stays one word. */
export function shellCommand(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}
