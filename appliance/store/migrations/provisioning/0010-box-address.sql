-- The box's own address at which this phone was last answered; NULL: not known. Another than today's: it was told of another.
ALTER TABLE phone_configuration ADD COLUMN box_address TEXT;
