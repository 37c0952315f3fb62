"""The parts of a message: values, codes, hosts, addresses and bodies of answers."""
