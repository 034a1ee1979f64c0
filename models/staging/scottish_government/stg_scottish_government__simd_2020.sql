{{ published_index('Scotland', 2020, 'scottish_government', '^DZ$') }}
