-- What the registrar's challenge named when the phone's credentials were accepted: the phone answers the same from the box.
ALTER TABLE binding ADD COLUMN auth_realm TEXT;
ALTER TABLE binding ADD COLUMN auth_algorithm TEXT;
