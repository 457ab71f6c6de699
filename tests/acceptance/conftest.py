"""Nothing is shared here but the place: helpers are in `harness`, so that tests can import them."""
