-- Written by `bia deploy compose user-service --database postgres --traces tempo`: run once, when the volume is new.
CREATE DATABASE user_service;
