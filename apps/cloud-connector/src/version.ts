/** Version of this connector. */
export const connectorVersion = '0.1.0'

/** The version of the original whose configuration API this one follows: clients decide by it what they may use. */
export const compatibleVersion = '2.19.0'
