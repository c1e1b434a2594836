// The test file that every scanner knows (EICAR, 2003). It is harmless. Named by its middle, so that this file is not taken for it.
rule eicar_test_file {
  strings:
    $middle = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!"
  condition:
    $middle
}
