CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.callbacks (
    id bigint NOT NULL,
    company_code character varying(9) NOT NULL,
    call_uuid character varying(36) NOT NULL,
    kind character varying(10) NOT NULL,
    payload text NOT NULL,
    state character varying(10) NOT NULL,
    attempts integer NOT NULL,
    early boolean NOT NULL,
    failure character varying(12),
    last_status integer,
    last_error character varying(200),
    created_at bigint NOT NULL,
    attempted_at bigint,
    next_attempt bigint,
    done_at bigint,
    call_ended_at bigint,
    CONSTRAINT ck_callbacks_payload_length CHECK ((length(payload) <= 16384)),
    CONSTRAINT ck_callbacks_pending_or_done CHECK (((next_attempt IS NULL) = (done_at IS NOT NULL)))
);
CREATE SEQUENCE public.callbacks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.callbacks_id_seq OWNED BY public.callbacks.id;
CREATE TABLE public.caller_numbers (
    number character varying(33) NOT NULL,
    company_code character varying(9) NOT NULL,
    enabled boolean NOT NULL
);
CREATE TABLE public.calls (
    id bigint NOT NULL,
    uuid character varying(36) NOT NULL,
    server_id character varying(32) NOT NULL,
    company_code character varying(9) NOT NULL,
    state character varying(8) NOT NULL,
    accepted_at bigint NOT NULL,
    destnumber character varying(33) NOT NULL,
    voice_kind integer NOT NULL,
    voice_name character varying(2048) NOT NULL,
    userid character varying(1000) NOT NULL,
    disnumber character varying(33) NOT NULL,
    chengshudu character varying(255) NOT NULL,
    customuuid character varying(255) NOT NULL,
    memberid character varying(255) NOT NULL,
    ext character varying(255) NOT NULL,
    waittime integer NOT NULL,
    conntime integer NOT NULL,
    idempotency_key character varying(255),
    fingerprint character varying(64),
    started_at bigint,
    answered_at bigint,
    ended_at bigint,
    hangupcause integer,
    hangupdirection integer,
    userkey character varying(1) NOT NULL,
    extnumber character varying(32) NOT NULL,
    crmid character varying(64) NOT NULL,
    recordfilename character varying(64) NOT NULL
);
CREATE SEQUENCE public.calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.calls_id_seq OWNED BY public.calls.id;
CREATE TABLE public.companies (
    code character varying(9) NOT NULL,
    name character varying(64) NOT NULL,
    appid character varying(64) NOT NULL,
    accesskey_hash character varying(128) NOT NULL,
    enabled boolean NOT NULL,
    licensed_until bigint,
    ipwhite character varying(8192) NOT NULL,
    cdr_callback character varying(1024),
    status_callback character varying(1024),
    callback_format character varying(8) NOT NULL,
    callback_fields character varying(255) NOT NULL,
    signing_secret character varying(128) NOT NULL,
    record character varying(16) NOT NULL,
    record_format character varying(8) NOT NULL,
    expire_after integer NOT NULL,
    key_time integer NOT NULL,
    trunks character varying(8192),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.downloads (
    digest character varying(64) NOT NULL,
    url character varying(2048) NOT NULL,
    stem character varying(255) NOT NULL,
    octets bigint NOT NULL,
    etag character varying(1024),
    last_modified character varying(1024),
    checked_at bigint NOT NULL
);
CREATE TABLE public.extensions (
    number character varying(32) NOT NULL,
    company_code character varying(9) NOT NULL,
    password character varying(255) NOT NULL,
    enabled boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.group_members (
    group_id bigint NOT NULL,
    number character varying(32) NOT NULL,
    "position" integer NOT NULL
);
CREATE TABLE public.groups (
    id bigint NOT NULL,
    company_code character varying(9) NOT NULL,
    name character varying(64) NOT NULL,
    strategy character varying(32) NOT NULL,
    ring_time integer NOT NULL,
    max_wait integer NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE SEQUENCE public.groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.groups_id_seq OWNED BY public.groups.id;
CREATE TABLE public.legs (
    uuid character varying(36) NOT NULL,
    call_uuid character varying(36) NOT NULL,
    kind character varying(1) NOT NULL,
    state character varying(8) NOT NULL,
    trunk character varying(64) NOT NULL,
    extension character varying(32) NOT NULL,
    invite text NOT NULL,
    dialog text NOT NULL,
    started_at bigint NOT NULL,
    rang_at bigint,
    answered_at bigint,
    ended_at bigint,
    packets_sent integer,
    packets_received integer,
    packets_lost integer,
    jitter_ms integer,
    sampled boolean,
    far_packets_lost integer,
    far_jitter_ms integer,
    round_trip_ms integer,
    offer_uuid character varying(36)
);
CREATE TABLE public.registrations (
    id bigint NOT NULL,
    server_id character varying(36) NOT NULL,
    number character varying(32) NOT NULL,
    contact character varying(600) NOT NULL,
    transport character varying(8) NOT NULL,
    remote_host character varying(45) NOT NULL,
    remote_port integer NOT NULL,
    local_host character varying(45) NOT NULL,
    local_port integer NOT NULL,
    source_host character varying(45) NOT NULL,
    source_port integer NOT NULL,
    path character varying(8192) NOT NULL,
    call_id character varying(512) NOT NULL,
    cseq integer NOT NULL,
    expires_at bigint NOT NULL
);
CREATE SEQUENCE public.registrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.registrations_id_seq OWNED BY public.registrations.id;
CREATE TABLE public.servers (
    server_id character varying(32) NOT NULL,
    heartbeat_at bigint NOT NULL
);
CREATE TABLE public.tokens (
    id bigint NOT NULL,
    digest character varying(64) NOT NULL,
    company_code character varying(9) NOT NULL,
    issued_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE SEQUENCE public.tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.tokens_id_seq OWNED BY public.tokens.id;
CREATE TABLE public.trunks (
    name character varying(64) NOT NULL,
    "position" integer NOT NULL,
    address character varying(255) NOT NULL,
    username character varying(255),
    password character varying(255),
    register boolean NOT NULL,
    codecs character varying(32) NOT NULL,
    max_calls integer NOT NULL,
    calls_per_second double precision NOT NULL,
    hosts character varying(8192) NOT NULL,
    proxy character varying(255),
    strip character varying(33) NOT NULL,
    prefix character varying(33) NOT NULL,
    from_user character varying(64),
    from_domain character varying(255),
    caller_id character varying(8) NOT NULL,
    dtmf character varying(16) NOT NULL,
    keepalive integer NOT NULL,
    trunk_timeout integer NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.voice_files (
    company_code character varying(9) NOT NULL,
    name character varying(255) NOT NULL,
    path character varying(4096) NOT NULL,
    added_at bigint NOT NULL
);
ALTER TABLE ONLY public.callbacks ALTER COLUMN id SET DEFAULT nextval('public.callbacks_id_seq'::regclass);
ALTER TABLE ONLY public.calls ALTER COLUMN id SET DEFAULT nextval('public.calls_id_seq'::regclass);
ALTER TABLE ONLY public.groups ALTER COLUMN id SET DEFAULT nextval('public.groups_id_seq'::regclass);
ALTER TABLE ONLY public.registrations ALTER COLUMN id SET DEFAULT nextval('public.registrations_id_seq'::regclass);
ALTER TABLE ONLY public.tokens ALTER COLUMN id SET DEFAULT nextval('public.tokens_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0004');
INSERT INTO public.callbacks VALUES (1, '2028', '7229b774-21a3-4901-a771-fccbed2f7296', 'cdr', '{"answertime":"","hangupcause":10006,"duration":0,"id":2,"extnumber":"","uuid":"7229b774-21a3-4901-a771-fccbed2f7296","downloadip":"127.0.0.1","customuuid":"custom-2","chengshudu":"1","callmethod":6,"recordfilename":"","companycode":2028,"memberid":"0","hangupdirection":10006,"billsec":0,"endtime":"2026-11-28 13:26:54","starttime":"2026-11-28 13:26:54","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"","destnumber":"13333330002"}', 'delivered', 1, false, NULL, 200, NULL, 1795843614638049, 1795843614703668, NULL, 1795843614703668, 1795843614638049);
INSERT INTO public.callbacks VALUES (2, '2028', 'ab1e4bf8-852c-4903-aaef-01bad3ca85a3', 'status', '{"buuid":"8ea9f00c-b35f-48a6-85b9-6e321085a5d1","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843616","status":"ring","uuid":"ab1e4bf8-852c-4903-aaef-01bad3ca85a3","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843616122532, 1795843616173432, NULL, 1795843616173432, NULL);
INSERT INTO public.callbacks VALUES (3, '2028', 'ab1e4bf8-852c-4903-aaef-01bad3ca85a3', 'status', '{"buuid":"8ea9f00c-b35f-48a6-85b9-6e321085a5d1","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843616","status":"answer","uuid":"ab1e4bf8-852c-4903-aaef-01bad3ca85a3","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843616621206, 1795843616631367, NULL, 1795843616631367, NULL);
INSERT INTO public.callbacks VALUES (4, '2028', 'ab1e4bf8-852c-4903-aaef-01bad3ca85a3', 'status', '{"buuid":"8ea9f00c-b35f-48a6-85b9-6e321085a5d1","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843616","status":"hangup","uuid":"ab1e4bf8-852c-4903-aaef-01bad3ca85a3","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843619068563, 1795843619104689, NULL, 1795843619104689, NULL);
INSERT INTO public.callbacks VALUES (5, '2028', 'ab1e4bf8-852c-4903-aaef-01bad3ca85a3', 'cdr', '{"answertime":"2026-11-28 13:26:55","hangupcause":10001,"duration":1,"id":1,"extnumber":"20280003","uuid":"ab1e4bf8-852c-4903-aaef-01bad3ca85a3","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"ab1e4bf8-852c-4903-aaef-01bad3ca85a3.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:26:59","starttime":"2026-11-28 13:26:54","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843619068742, 1795843619149339, NULL, 1795843619149339, 1795843619068742);
INSERT INTO public.callbacks VALUES (6, '2028', 'c8210194-7bd7-4364-b98f-e23d8b4c3c87', 'status', '{"buuid":"e82b829b-4142-4f63-bdf1-dacfc2c1261d","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843619","status":"ring","uuid":"c8210194-7bd7-4364-b98f-e23d8b4c3c87","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843619109613, 1795843619149898, NULL, 1795843619149898, NULL);
INSERT INTO public.callbacks VALUES (7, '2028', 'c8210194-7bd7-4364-b98f-e23d8b4c3c87', 'status', '{"buuid":"e82b829b-4142-4f63-bdf1-dacfc2c1261d","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843619","status":"hangup","uuid":"c8210194-7bd7-4364-b98f-e23d8b4c3c87","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843619300099, 1795843619336346, NULL, 1795843619336346, NULL);
INSERT INTO public.callbacks VALUES (8, '2028', 'c8210194-7bd7-4364-b98f-e23d8b4c3c87', 'cdr', '{"answertime":"2026-11-28 13:26:55","hangupcause":10001,"duration":1,"id":3,"extnumber":"","uuid":"c8210194-7bd7-4364-b98f-e23d8b4c3c87","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"c8210194-7bd7-4364-b98f-e23d8b4c3c87.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:26:59","starttime":"2026-11-28 13:26:54","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843619300243, 1795843619425278, NULL, 1795843619425278, 1795843619300243);
INSERT INTO public.callbacks VALUES (9, '2028', 'a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4', 'status', '{"buuid":"a97764bf-1781-473c-9b30-e7a9133f9aca","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843620","status":"ring","uuid":"a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4","ip":"127.0.0.1"}', 'pending', 1, false, 'answered', 503, 'HTTP status 503', 1795843620981826, 1795843621012632, 1795843626282065, NULL, NULL);
INSERT INTO public.callbacks VALUES (10, '2028', 'a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4', 'status', '{"buuid":"a97764bf-1781-473c-9b30-e7a9133f9aca","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843620","status":"answer","uuid":"a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843621487569, NULL, 1795843626282065, NULL, NULL);
INSERT INTO public.callbacks VALUES (11, '2028', 'a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4', 'status', '{"buuid":"a97764bf-1781-473c-9b30-e7a9133f9aca","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843620","status":"hangup","uuid":"a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843623948043, NULL, 1795843626282065, NULL, NULL);
INSERT INTO public.callbacks VALUES (12, '2028', 'a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4', 'cdr', '{"answertime":"2026-11-28 13:26:59","hangupcause":10001,"duration":0,"id":4,"extnumber":"20280003","uuid":"a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:27:03","starttime":"2026-11-28 13:26:59","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'pending', 0, false, NULL, NULL, NULL, 1795843623948162, NULL, 1795843626282065, NULL, 1795843623948162);
INSERT INTO public.callbacks VALUES (13, '2028', '4e511acb-6d31-46d6-b74b-3ed9e0c3bd6c', 'status', '{"buuid":"29604fa0-9f92-4159-91b3-86facb8e9b62","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843623","status":"ring","uuid":"4e511acb-6d31-46d6-b74b-3ed9e0c3bd6c","ip":"127.0.0.1"}', 'pending', 1, false, 'answered', 503, 'HTTP status 503', 1795843623985094, 1795843624032821, 1795843629051524, NULL, NULL);
INSERT INTO public.callbacks VALUES (14, '2028', '4e511acb-6d31-46d6-b74b-3ed9e0c3bd6c', 'status', '{"buuid":"29604fa0-9f92-4159-91b3-86facb8e9b62","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843623","status":"answer","uuid":"4e511acb-6d31-46d6-b74b-3ed9e0c3bd6c","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843624486846, NULL, 1795843629051524, NULL, NULL);
INSERT INTO public.caller_numbers VALUES ('2120280001', '2028', true);
INSERT INTO public.caller_numbers VALUES ('2120280002', '2028', true);
INSERT INTO public.calls VALUES (2, '7229b774-21a3-4901-a771-fccbed2f7296', '1', '2028', 'ended', 1795843613433789, '13333330002', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-2', '', '', 60, 3600, NULL, NULL, 1795843614572052, NULL, 1795843614638049, 10006, 10006, '', '', '', '');
INSERT INTO public.calls VALUES (1, 'ab1e4bf8-852c-4903-aaef-01bad3ca85a3', '1', '2028', 'ended', 1795843613407733, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843614554116, 1795843615063848, 1795843619068742, 10001, 10041, '1', '20280003', '20280003', 'ab1e4bf8-852c-4903-aaef-01bad3ca85a3.wav');
INSERT INTO public.calls VALUES (3, 'c8210194-7bd7-4364-b98f-e23d8b4c3c87', '1', '2028', 'ended', 1795843613457091, '13333330001', 2, 'http://127.0.0.1:8081/notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843614712506, 1795843615218778, 1795843619300243, 10001, 10041, '1', '', '', 'c8210194-7bd7-4364-b98f-e23d8b4c3c87.wav');
INSERT INTO public.calls VALUES (5, '4e511acb-6d31-46d6-b74b-3ed9e0c3bd6c', '1', '2028', 'answered', 1795843621017084, '13333330004', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-4', '', '', 60, 3600, 'kept', '992423b1d0582a38b4d2f7951e8db64f07bdba94edddb26ef5ecd7e613e56db2', 1795843621044553, 1795843621551690, NULL, NULL, NULL, '1', '', '', '');
INSERT INTO public.calls VALUES (4, 'a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4', '1', '2028', 'ended', 1795843619428096, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843619437536, 1795843619945981, 1795843623948162, 10001, 10041, '1', '20280003', '20280003', 'a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4.wav');
INSERT INTO public.calls VALUES (6, '5baceb56-6b75-4d47-a84e-df79ffbdd61b', '1', '2028', 'dialled', 1795843624514959, '13333330003', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-3', '', '', 60, 3600, NULL, NULL, 1795843624529954, NULL, NULL, NULL, NULL, '', '', '', '');
INSERT INTO public.calls VALUES (7, '484977f7-0dfe-472c-a93a-4a2e6afb9ec8', '1', '2028', 'waiting', 1795843624543715, '13333330005', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-5', '', '', 60, 3600, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', '');
INSERT INTO public.companies VALUES ('2028', 'Demo', 'demo-appid', 'sha256$1fd2cc102e2a2e892b51e5bcef8b066e$0374669c79aa8e258caa226e4f4c2425dc278312bfac279b21a7ad207eafc8fe', true, NULL, '', 'http://127.0.0.1:9000/cdr', 'http://127.0.0.1:9000/status', 'json', '', 'whsec_EsfKR5q6U9WNpJ1UHX9kfFfak4i/x1Eb', 'always', 'wav', 3600, 5, NULL, 1795843608939060, 1795843608939060);
INSERT INTO public.downloads VALUES ('031a0b7b8668d17a923f406a07e67a897403d42889a7a968264b45df54a0ef0a', 'http://127.0.0.1:8081/notice.mp3', '031a0b7b8668d17a923f406a07e67a89-4926249f5a2d4ac4', 138970, NULL, 'Sat, 28 Nov 2026 05:26:43 GMT', 1795843613473996);
INSERT INTO public.extensions VALUES ('20280003', '2028', 'secret', true, 1795843608939060, 1795843608939060);
INSERT INTO public.group_members VALUES (1, '20280003', 0);
INSERT INTO public.groups VALUES (1, '2028', 'extGroup-1', 'ring-all', 20, 60, 1795843608939060, 1795843608939060);
INSERT INTO public.legs VALUES ('aa247700-8836-412d-9983-fe575373acee', '7229b774-21a3-4901-a771-fccbed2f7296', 'a', 'ended', 'carrier', '', '{"call_id":"8fff646a00764728282de1542766c4bc","local":"<sip:2120280001@127.0.0.1>;tag=e991b298b0666cf1a4d2c916","remote":"<sip:13333330002@127.0.0.1:5080;transport=udp>","uri":"sip:13333330002@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK9d1aa7f56c6b1d30a764ff66","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843614527327, NULL, NULL, 1795843614637967, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('699858c0-c9c2-4b51-86fa-e5502f5e4655', 'ab1e4bf8-852c-4903-aaef-01bad3ca85a3', 'a', 'ended', 'carrier', '', '{"call_id":"a255f2bddaf645f5d1b44a9c0f67abd0","local":"<sip:2120280001@127.0.0.1>;tag=a7c24924a307ed1b5dcf8951","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKc22427fb9433c1536cff8e5f","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"a255f2bddaf645f5d1b44a9c0f67abd0","local":"<sip:2120280001@127.0.0.1>;tag=a7c24924a307ed1b5dcf8951","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=9af3bab65ab79bf785b303a2","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843614523267, NULL, 1795843615063848, 1795843619068476, 200, 200, 0, 2, false, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('a905733a-be5f-47c9-98ef-5d5ecd5220f3', 'c8210194-7bd7-4364-b98f-e23d8b4c3c87', 'b', 'ended', '', '20280003', '{"call_id":"39e4b8e1319f0aa55d0609d53d7aef7c","local":"<sip:13333330001@127.0.0.1>;tag=82f03b535317e480b55b1bc3","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK822f7e3b53f953aa8ca673ea","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '', 1795843619071128, 1795843619109613, NULL, 1795843619300099, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'e82b829b-4142-4f63-bdf1-dacfc2c1261d');
INSERT INTO public.legs VALUES ('7987bc0f-0002-4305-83ec-a259d95b14ea', 'c8210194-7bd7-4364-b98f-e23d8b4c3c87', 'a', 'ended', 'carrier', '', '{"call_id":"774fc3265f971b6ab1a02877ae7927a9","local":"<sip:2120280001@127.0.0.1>;tag=3f1b9e4ade1cce510e302bad","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKd4c5e3efb41b09810f6b74b3","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"774fc3265f971b6ab1a02877ae7927a9","local":"<sip:2120280001@127.0.0.1>;tag=3f1b9e4ade1cce510e302bad","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=0cb018ba7879382f15f4cf59","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843614688876, NULL, 1795843615218778, 1795843619299995, 205, 200, 0, 2, false, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('fcf73e3d-9d80-465a-a429-0a584ce8876c', 'a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4', 'a', 'ended', 'carrier', '', '{"call_id":"fe2b7fae0cf23fbd3e387479d8a6792f","local":"<sip:2120280001@127.0.0.1>;tag=d46abde0e6c453b7f7db5503","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK0cf7cef45661afa276d29305","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"fe2b7fae0cf23fbd3e387479d8a6792f","local":"<sip:2120280001@127.0.0.1>;tag=d46abde0e6c453b7f7db5503","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=f536ff664f3d0ed3d36168ba","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843619430591, NULL, 1795843619945981, 1795843623947951, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('46ba5c76-e196-4577-bbd0-1c31597bb809', 'ab1e4bf8-852c-4903-aaef-01bad3ca85a3', 'b', 'ended', '', '20280003', '{"call_id":"cc1cfc28e069d0e0fd747522845692b7","local":"<sip:13333330001@127.0.0.1>;tag=8a8b6897aaea4051c87f9a7a","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK2b3e57a54ef5ec980a3729de","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"cc1cfc28e069d0e0fd747522845692b7","local":"<sip:13333330001@127.0.0.1>;tag=8a8b6897aaea4051c87f9a7a","remote":"<sip:20280003@127.0.0.1:5070>;tag=bd26d6a5382cedca93913c4d","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843616092557, 1795843616122532, 1795843616621206, 1795843619068563, 122, 123, 0, 1, false, NULL, NULL, NULL, '8ea9f00c-b35f-48a6-85b9-6e321085a5d1');
INSERT INTO public.legs VALUES ('5256dc0d-c8a3-432b-a372-d07bb6fd5028', '4e511acb-6d31-46d6-b74b-3ed9e0c3bd6c', 'b', 'answered', '', '20280003', '{"call_id":"3843242d6d78498ce6f9f7cddce53995","local":"<sip:13333330004@127.0.0.1>;tag=c0eb55b31cdd535c5062e39c","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK2c2f52a756ef5be22572acdc","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"3843242d6d78498ce6f9f7cddce53995","local":"<sip:13333330004@127.0.0.1>;tag=c0eb55b31cdd535c5062e39c","remote":"<sip:20280003@127.0.0.1:5070>;tag=8d1cc5a53146f7b345d2f577","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843623957441, 1795843623985094, 1795843624486846, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '29604fa0-9f92-4159-91b3-86facb8e9b62');
INSERT INTO public.legs VALUES ('0008ab77-a494-4c01-bbdd-700d00170538', '4e511acb-6d31-46d6-b74b-3ed9e0c3bd6c', 'a', 'answered', 'carrier', '', '{"call_id":"91648984e7098382b8ff33bc88b729b9","local":"<sip:2120280001@127.0.0.1>;tag=ae624e77440a875544b03ea8","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>","uri":"sip:13333330004@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK2e506ef6e42e351b8b97b965","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"91648984e7098382b8ff33bc88b729b9","local":"<sip:2120280001@127.0.0.1>;tag=ae624e77440a875544b03ea8","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>;tag=86faccbb1d08addf2ff603b1","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843621044553, NULL, 1795843621551690, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('73e07e9a-762f-4047-ac7c-06356c6331d3', 'a044525d-3d7e-48c4-bc64-5ea1b7ad0cf4', 'b', 'ending', '', '20280003', '{"call_id":"f52046294ae533ff6fb8e020a0fc5654","local":"<sip:13333330001@127.0.0.1>;tag=cd02de072b098864f7da50d8","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKd76a24a6a26ccc56b563f8bc","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"f52046294ae533ff6fb8e020a0fc5654","local":"<sip:13333330001@127.0.0.1>;tag=cd02de072b098864f7da50d8","remote":"<sip:20280003@127.0.0.1:5070>;tag=bc5747168a81bb7691863602","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843620968252, 1795843620981826, 1795843621487569, 1795843623948043, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'a97764bf-1781-473c-9b30-e7a9133f9aca');
INSERT INTO public.legs VALUES ('653be851-998a-4c3f-bdfa-1702f3f261a5', '5baceb56-6b75-4d47-a84e-df79ffbdd61b', 'a', 'dialled', 'carrier', '', '{"call_id":"a37cfc187703d389eb4ffb1da188474d","local":"<sip:2120280001@127.0.0.1>;tag=6d2ee88f52bf2eff044b0daa","remote":"<sip:13333330003@127.0.0.1:5080;transport=udp>","uri":"sip:13333330003@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKbae9897d3ce96758fa1d3df8","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843624529954, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.registrations VALUES (1, '1', '20280003', '<sip:20280003@127.0.0.1:5070>', 'udp', '127.0.0.1', 5070, '127.0.0.1', 5060, '127.0.0.1', 5070, '[]', 'ddb44d57933465a58300ac87def3251c', 2, 1795843911094428);
INSERT INTO public.servers VALUES ('1', 1795843624181627);
INSERT INTO public.tokens VALUES (1, 'd8c318b9c822b77f74123ed42f3ccfc052edb6c285aa159450f56031d87d32c7', '2028', 1795843611340164, 1795886811340164);
INSERT INTO public.trunks VALUES ('carrier', 0, 'sip:127.0.0.1:5080;transport=udp', NULL, NULL, false, 'PCMA,PCMU', 2, 500, '', NULL, '', '', NULL, NULL, 'from', 'auto', 30, 4, 1795843608939060, 1795843608939060);
INSERT INTO public.voice_files VALUES ('2028', 'notice.mp3', '/var/lib/playvoice/voices/notice.mp3', 1795843608939060);
SELECT pg_catalog.setval('public.callbacks_id_seq', 14, true);
SELECT pg_catalog.setval('public.calls_id_seq', 7, true);
SELECT pg_catalog.setval('public.groups_id_seq', 1, true);
SELECT pg_catalog.setval('public.registrations_id_seq', 1, true);
SELECT pg_catalog.setval('public.tokens_id_seq', 1, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.callbacks
    ADD CONSTRAINT pk_callbacks PRIMARY KEY (id);
ALTER TABLE ONLY public.caller_numbers
    ADD CONSTRAINT pk_caller_numbers PRIMARY KEY (number);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT pk_calls PRIMARY KEY (id);
ALTER TABLE ONLY public.companies
    ADD CONSTRAINT pk_companies PRIMARY KEY (code);
ALTER TABLE ONLY public.downloads
    ADD CONSTRAINT pk_downloads PRIMARY KEY (digest);
ALTER TABLE ONLY public.extensions
    ADD CONSTRAINT pk_extensions PRIMARY KEY (number);
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT pk_group_members PRIMARY KEY (group_id, number);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT pk_groups PRIMARY KEY (id);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT pk_legs PRIMARY KEY (uuid);
ALTER TABLE ONLY public.registrations
    ADD CONSTRAINT pk_registrations PRIMARY KEY (id);
ALTER TABLE ONLY public.servers
    ADD CONSTRAINT pk_servers PRIMARY KEY (server_id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT pk_tokens PRIMARY KEY (id);
ALTER TABLE ONLY public.trunks
    ADD CONSTRAINT pk_trunks PRIMARY KEY (name);
ALTER TABLE ONLY public.voice_files
    ADD CONSTRAINT pk_voice_files PRIMARY KEY (company_code, name);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT uq_calls_company_code_idempotency_key UNIQUE (company_code, idempotency_key);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT uq_calls_uuid UNIQUE (uuid);
ALTER TABLE ONLY public.companies
    ADD CONSTRAINT uq_companies_appid UNIQUE (appid);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT uq_groups_company_code_name UNIQUE (company_code, name);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT uq_tokens_digest UNIQUE (digest);
CREATE INDEX ix_callbacks_call_uuid ON public.callbacks USING btree (call_uuid);
CREATE INDEX ix_callbacks_done ON public.callbacks USING btree (done_at) WHERE (done_at IS NOT NULL);
CREATE INDEX ix_callbacks_due ON public.callbacks USING btree (company_code, next_attempt) WHERE (next_attempt IS NOT NULL);
CREATE INDEX ix_caller_numbers_company_code ON public.caller_numbers USING btree (company_code);
CREATE INDEX ix_calls_open ON public.calls USING btree (id) WHERE ((state)::text <> 'ended'::text);
CREATE INDEX ix_extensions_company_code ON public.extensions USING btree (company_code);
CREATE INDEX ix_group_members_number ON public.group_members USING btree (number);
CREATE INDEX ix_legs_call_uuid ON public.legs USING btree (call_uuid);
CREATE INDEX ix_legs_open ON public.legs USING btree (call_uuid) WHERE ((state)::text <> 'ended'::text);
CREATE INDEX ix_legs_started_at ON public.legs USING btree (started_at);
CREATE INDEX ix_registrations_number ON public.registrations USING btree (number);
CREATE INDEX ix_tokens_company_code_id ON public.tokens USING btree (company_code, id);
ALTER TABLE ONLY public.caller_numbers
    ADD CONSTRAINT fk_caller_numbers_company_code_companies FOREIGN KEY (company_code) REFERENCES public.companies(code);
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT fk_group_members_group_id_groups FOREIGN KEY (group_id) REFERENCES public.groups(id);
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT fk_group_members_number_extensions FOREIGN KEY (number) REFERENCES public.extensions(number);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT fk_legs_call_uuid_calls FOREIGN KEY (call_uuid) REFERENCES public.calls(uuid);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT fk_tokens_company_code_companies FOREIGN KEY (company_code) REFERENCES public.companies(code);
