-- Written by `bia deploy compose`: run once, when the volume is new.
CREATE DATABASE order_service;
