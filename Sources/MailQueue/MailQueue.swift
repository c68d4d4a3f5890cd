//  MailQueue: accepted mail, durable until each recipient has its final state; and the history of what happened to it.
//
//  It promises: a message whose commit succeeded survives kill -9 and power cuts, is seen wholly or not at all, is never sent when its
//  octets changed on the disk, and leaves only after its last outcome is durable, and that outcome leaves only after the history has
//  it. All sessions that wait share one sync (group commit). It does not decide when to try again: the dispatcher does.
//
//  Which files and rows exist in which state, what a crash leaves and who cleans up: docs/crash-states.md.
