declare const opened: unique symbol

/** An open transaction of the database, which the domain only passes on: the store makes it and looks inside. */
export interface Transaction {
  readonly [opened]: true
}
