-- What people call a rule.
ALTER TABLE rules ADD COLUMN name_shown text NOT NULL DEFAULT '' CHECK (length(name_shown) <= 120);
