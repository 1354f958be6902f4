/** Names of new destinations and fragments (guide L5600-5601). */
export const nameOnCreate = /^[A-Za-z0-9_-]{1,200}$/
