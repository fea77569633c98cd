-- For asking whether an address is a phone's, when connections are scarce.
CREATE INDEX phone_configuration_ip ON phone_configuration (ip);
