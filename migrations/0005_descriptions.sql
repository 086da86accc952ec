-- What a rule or an endpoint is for: text for people alone, which decides nothing.
ALTER TABLE rules ADD COLUMN description text NOT NULL DEFAULT '' CHECK (length(description) <= 500);
ALTER TABLE endpoints ADD COLUMN description text NOT NULL DEFAULT '' CHECK (length(description) <= 500);
