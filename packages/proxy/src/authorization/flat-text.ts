/**
 * The same text in memory of its own. What was cut out of a longer text is only a view of it, which keeps that one alive
 * and is compared letter by letter: for a text that is kept and looked up again and again.
 */
export function flatText(text: string): string {
  const copy = Buffer.from(text).toString()
  // Not every text has a form in UTF-8.
  return copy === text ? copy : text
}
