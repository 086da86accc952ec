-- Rules that catch more than a pattern, which only operators may make. What a rule catches follows from its three fields:
-- three wildcards are everything, and an empty name, which no alert has, is what no ordinary rule meets. A program of the
-- version before takes the first for what it is, and the second for a rule that meets nothing.
ALTER TABLE rules DROP CONSTRAINT rules_not_all_wildcard;
ALTER TABLE rules DROP CONSTRAINT rules_name_check;
ALTER TABLE rules ADD CONSTRAINT rules_name_check
    CHECK (length(name) BETWEEN 1 AND 255 OR name = '' AND severity = '*' AND source = '*');
-- All of them, which are few: they are counted before there is another one.
CREATE INDEX rules_that_catch ON rules (client_id) WHERE severity = '*' AND source = '*' AND name IN ('*', '');
-- Which ordinary rules of anybody have a pattern: what an operator asks of an alert that such a rule did not meet. By
-- four bytes a rule, whatever the length of the texts.
CREATE INDEX rules_by_pattern ON rules USING hash ((severity || ' ' || source || ' ' || name));

-- A client's key neither makes one nor turns a rule into one.
CREATE POLICY operators_catch_insert ON rules AS RESTRICTIVE FOR INSERT TO alerting_api
    WITH CHECK (NOT (severity = '*' AND source = '*' AND name IN ('*', '')));
CREATE POLICY operators_catch_update ON rules AS RESTRICTIVE FOR UPDATE TO alerting_api
    USING (true) WITH CHECK (NOT (severity = '*' AND source = '*' AND name IN ('*', '')));
