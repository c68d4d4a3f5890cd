// SMTP (RFC 5321, 3207, 4954, 6409) as pure values.
//
// Promises: no I/O, no clock, no closure that outlives a call; no trap that input can reach; time linear in the input and memory
// bounded by a limit that is named where it is enforced. Each machine has one mutating method per event and answers with what to do.
// Machines are plain structs: they live inside one connection's actor and are fed from its queue.
//
// Not here: sockets, TLS, deadlines (`Phase` only names them), passwords, the rules about who may send as whom, and everything about
// the content of a message other than its line ends.
