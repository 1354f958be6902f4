// Preloaded into applications: names below `localhost` are this machine (RFC 6761 section 6.3), which browsers know by
// themselves and the resolvers of some systems do not.
const dns = require('node:dns')

const { lookup } = dns
dns.lookup = (host, ...rest) => lookup(host.endsWith('.localhost') ? 'localhost' : host, ...rest)
