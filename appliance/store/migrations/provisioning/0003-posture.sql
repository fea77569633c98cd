-- How far the box stands between this phone and the cloud, where that is less than the site's posture can be;
-- NULL: not known, an answer of before this column or our overlay only.
ALTER TABLE phone_configuration ADD COLUMN posture TEXT;
