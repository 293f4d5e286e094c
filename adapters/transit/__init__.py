"""Bus cards: applications, top-ups and their answers as enciphered fixed-width files over SFTP."""
