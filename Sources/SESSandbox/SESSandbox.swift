// SESSandbox
