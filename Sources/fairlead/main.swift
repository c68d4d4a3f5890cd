import CommandLine

await Fairlead.main()
