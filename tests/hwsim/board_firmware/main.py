from demo import loop

loop.run()
