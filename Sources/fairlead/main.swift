import Commands

await runFairlead()
