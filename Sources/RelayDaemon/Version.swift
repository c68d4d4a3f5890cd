/// As `--version`, `status` and the packages have it.
public let fairleadVersion = "0.1.0"
