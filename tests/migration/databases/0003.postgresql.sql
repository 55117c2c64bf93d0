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
INSERT INTO public.alembic_version VALUES ('0003');
INSERT INTO public.callbacks VALUES (1, '2028', '0b984a8d-1b69-4b52-91b8-69de2615a429', 'cdr', '{"answertime":"","hangupcause":10006,"duration":0,"id":2,"extnumber":"","uuid":"0b984a8d-1b69-4b52-91b8-69de2615a429","downloadip":"127.0.0.1","customuuid":"custom-2","chengshudu":"1","callmethod":6,"recordfilename":"","companycode":2028,"memberid":"0","hangupdirection":10006,"billsec":0,"endtime":"2026-11-28 13:26:01","starttime":"2026-11-28 13:26:01","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"","destnumber":"13333330002"}', 'delivered', 1, false, NULL, 200, NULL, 1795843561271314, 1795843561351337, NULL, 1795843561351337, 1795843561271314);
INSERT INTO public.callbacks VALUES (2, '2028', '9f2b16ce-6066-49a0-b0fe-2fc1faa16519', 'status', '{"buuid":"5aab88bc-5d1b-43c4-967c-f71bdc7b2834","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843562","status":"ring","uuid":"9f2b16ce-6066-49a0-b0fe-2fc1faa16519","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843562764216, 1795843562799663, NULL, 1795843562799663, NULL);
INSERT INTO public.callbacks VALUES (3, '2028', '9f2b16ce-6066-49a0-b0fe-2fc1faa16519', 'status', '{"buuid":"5aab88bc-5d1b-43c4-967c-f71bdc7b2834","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843562","status":"answer","uuid":"9f2b16ce-6066-49a0-b0fe-2fc1faa16519","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843563313196, 1795843563399147, NULL, 1795843563399147, NULL);
INSERT INTO public.callbacks VALUES (4, '2028', '9f2b16ce-6066-49a0-b0fe-2fc1faa16519', 'status', '{"buuid":"5aab88bc-5d1b-43c4-967c-f71bdc7b2834","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843562","status":"hangup","uuid":"9f2b16ce-6066-49a0-b0fe-2fc1faa16519","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843565719274, 1795843565741105, NULL, 1795843565741105, NULL);
INSERT INTO public.callbacks VALUES (5, '2028', '9f2b16ce-6066-49a0-b0fe-2fc1faa16519', 'cdr', '{"answertime":"2026-11-28 13:26:01","hangupcause":10001,"duration":0,"id":1,"extnumber":"20280003","uuid":"9f2b16ce-6066-49a0-b0fe-2fc1faa16519","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"9f2b16ce-6066-49a0-b0fe-2fc1faa16519.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:26:05","starttime":"2026-11-28 13:26:01","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843565719404, 1795843565801339, NULL, 1795843565801339, 1795843565719404);
INSERT INTO public.callbacks VALUES (6, '2028', '456f22d5-fc78-4b68-8048-eae1e65fd5b3', 'status', '{"buuid":"767a4b57-a493-4844-a22a-675421c6e57d","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843565","status":"ring","uuid":"456f22d5-fc78-4b68-8048-eae1e65fd5b3","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843565735774, 1795843565801435, NULL, 1795843565801435, NULL);
INSERT INTO public.callbacks VALUES (7, '2028', '456f22d5-fc78-4b68-8048-eae1e65fd5b3', 'status', '{"buuid":"767a4b57-a493-4844-a22a-675421c6e57d","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843565","status":"hangup","uuid":"456f22d5-fc78-4b68-8048-eae1e65fd5b3","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843565845172, 1795843565854045, NULL, 1795843565854045, NULL);
INSERT INTO public.callbacks VALUES (8, '2028', '456f22d5-fc78-4b68-8048-eae1e65fd5b3', 'cdr', '{"answertime":"2026-11-28 13:26:01","hangupcause":10001,"duration":0,"id":3,"extnumber":"","uuid":"456f22d5-fc78-4b68-8048-eae1e65fd5b3","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"456f22d5-fc78-4b68-8048-eae1e65fd5b3.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:26:05","starttime":"2026-11-28 13:26:01","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843565845283, 1795843565918087, NULL, 1795843565918087, 1795843565845283);
INSERT INTO public.callbacks VALUES (9, '2028', '9f935869-7210-4b7f-a934-613103b3cd0e', 'status', '{"buuid":"1e98fd49-b222-4230-9289-8dda5b9a38ac","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843567","status":"ring","uuid":"9f935869-7210-4b7f-a934-613103b3cd0e","ip":"127.0.0.1"}', 'pending', 1, false, 'answered', 503, 'HTTP status 503', 1795843567479658, 1795843567498480, 1795843572670114, NULL, NULL);
INSERT INTO public.callbacks VALUES (10, '2028', '9f935869-7210-4b7f-a934-613103b3cd0e', 'status', '{"buuid":"1e98fd49-b222-4230-9289-8dda5b9a38ac","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843567","status":"answer","uuid":"9f935869-7210-4b7f-a934-613103b3cd0e","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843567982395, NULL, 1795843572670114, NULL, NULL);
INSERT INTO public.callbacks VALUES (11, '2028', '9f935869-7210-4b7f-a934-613103b3cd0e', 'status', '{"buuid":"1e98fd49-b222-4230-9289-8dda5b9a38ac","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843567","status":"hangup","uuid":"9f935869-7210-4b7f-a934-613103b3cd0e","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843570438083, NULL, 1795843572670114, NULL, NULL);
INSERT INTO public.callbacks VALUES (12, '2028', '9f935869-7210-4b7f-a934-613103b3cd0e', 'cdr', '{"answertime":"2026-11-28 13:26:06","hangupcause":10001,"duration":1,"id":4,"extnumber":"20280003","uuid":"9f935869-7210-4b7f-a934-613103b3cd0e","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"9f935869-7210-4b7f-a934-613103b3cd0e.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:26:10","starttime":"2026-11-28 13:26:05","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'pending', 0, false, NULL, NULL, NULL, 1795843570438202, NULL, 1795843572670114, NULL, 1795843570438202);
INSERT INTO public.callbacks VALUES (13, '2028', 'eea8c36b-2c8d-42fc-a759-ae819e270057', 'status', '{"buuid":"7b747638-57d4-491a-845e-1645fd1bc3d8","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843570","status":"ring","uuid":"eea8c36b-2c8d-42fc-a759-ae819e270057","ip":"127.0.0.1"}', 'pending', 1, false, 'answered', 503, 'HTTP status 503', 1795843570455918, 1795843570511812, 1795843575699477, NULL, NULL);
INSERT INTO public.callbacks VALUES (14, '2028', 'eea8c36b-2c8d-42fc-a759-ae819e270057', 'status', '{"buuid":"7b747638-57d4-491a-845e-1645fd1bc3d8","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843570","status":"answer","uuid":"eea8c36b-2c8d-42fc-a759-ae819e270057","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843570956612, NULL, 1795843575699477, NULL, NULL);
INSERT INTO public.caller_numbers VALUES ('2120280001', '2028', true);
INSERT INTO public.caller_numbers VALUES ('2120280002', '2028', true);
INSERT INTO public.calls VALUES (2, '0b984a8d-1b69-4b52-91b8-69de2615a429', '1', '2028', 'ended', 1795843560433318, '13333330002', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-2', '', '', 60, 3600, NULL, NULL, 1795843561215631, NULL, 1795843561271314, 10006, 10006, '', '', '', '');
INSERT INTO public.calls VALUES (1, '9f2b16ce-6066-49a0-b0fe-2fc1faa16519', '1', '2028', 'ended', 1795843560409229, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843561207094, 1795843561714393, 1795843565719404, 10001, 10041, '1', '20280003', '20280003', '9f2b16ce-6066-49a0-b0fe-2fc1faa16519.wav');
INSERT INTO public.calls VALUES (3, '456f22d5-fc78-4b68-8048-eae1e65fd5b3', '1', '2028', 'ended', 1795843560472064, '13333330001', 2, 'http://127.0.0.1:8081/notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843561340580, 1795843561843731, 1795843565845283, 10001, 10041, '1', '', '', '456f22d5-fc78-4b68-8048-eae1e65fd5b3.wav');
INSERT INTO public.calls VALUES (5, 'eea8c36b-2c8d-42fc-a759-ae819e270057', '1', '2028', 'answered', 1795843567498276, '13333330004', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-4', '', '', 60, 3600, 'kept', '992423b1d0582a38b4d2f7951e8db64f07bdba94edddb26ef5ecd7e613e56db2', 1795843567537312, 1795843568062429, NULL, NULL, NULL, '1', '', '', '');
INSERT INTO public.calls VALUES (4, '9f935869-7210-4b7f-a934-613103b3cd0e', '1', '2028', 'ended', 1795843565921394, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843565925427, 1795843566433144, 1795843570438202, 10001, 10041, '1', '20280003', '20280003', '9f935869-7210-4b7f-a934-613103b3cd0e.wav');
INSERT INTO public.calls VALUES (6, '8b6e58a8-2482-4883-b0f8-d8a5139c58d4', '1', '2028', 'dialled', 1795843570962236, '13333330003', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-3', '', '', 60, 3600, NULL, NULL, 1795843570969288, NULL, NULL, NULL, NULL, '', '', '', '');
INSERT INTO public.calls VALUES (7, '5116bc7c-0fd0-4654-ac48-023d95933708', '1', '2028', 'waiting', 1795843570976106, '13333330005', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-5', '', '', 60, 3600, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', '');
INSERT INTO public.companies VALUES ('2028', 'Demo', 'demo-appid', 'sha256$886ccbc10d64ca84c7540f8ef013afdb$2ab88aff3592233821b3e22032b6a27de4b5fe1f0cd7213e73a7be74752c3d11', true, NULL, '', 'http://127.0.0.1:9000/cdr', 'http://127.0.0.1:9000/status', 'json', '', 'whsec_t9zFkT7UhuZFqwPw0eg5zC6nIVI8o3fK', 'always', 'wav', 3600, 5, NULL, 1795843555887189, 1795843555887189);
INSERT INTO public.downloads VALUES ('031a0b7b8668d17a923f406a07e67a897403d42889a7a968264b45df54a0ef0a', 'http://127.0.0.1:8081/notice.mp3', '031a0b7b8668d17a923f406a07e67a89-0135d749a0d145ce', 138970, NULL, 'Sat, 28 Nov 2026 05:25:47 GMT', 1795843560490189);
INSERT INTO public.extensions VALUES ('20280003', '2028', 'secret', true, 1795843555887189, 1795843555887189);
INSERT INTO public.group_members VALUES (1, '20280003', 0);
INSERT INTO public.groups VALUES (1, '2028', 'extGroup-1', 'ring-all', 20, 60, 1795843555887189, 1795843555887189);
INSERT INTO public.legs VALUES ('7d2e4187-2f53-42f6-b991-28b242d2d5bf', '0b984a8d-1b69-4b52-91b8-69de2615a429', 'a', 'ended', 'carrier', '', '{"call_id":"66433c806c37c9847ab514dd080ef3e3","local":"<sip:2120280001@127.0.0.1>;tag=8b6a1db94f19b99e4b0eceb9","remote":"<sip:13333330002@127.0.0.1:5080;transport=udp>","uri":"sip:13333330002@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKbbbefe563bdb3190478b2854","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843561204425, NULL, NULL, 1795843561271239, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('14d831f9-4be1-4012-a6be-5912d6fb5d73', '9f2b16ce-6066-49a0-b0fe-2fc1faa16519', 'a', 'ended', 'carrier', '', '{"call_id":"36779eca8d38a6e6134031c3b945897b","local":"<sip:2120280001@127.0.0.1>;tag=5e83421fb9624e38cfaf955e","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK5ca84855613f42ea19f607c0","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"36779eca8d38a6e6134031c3b945897b","local":"<sip:2120280001@127.0.0.1>;tag=5e83421fb9624e38cfaf955e","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=04e663108cdeb722cb02b570","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843561194558, NULL, 1795843561714393, 1795843565719159, 200, 200, 0, 1, false, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('6660a075-6f65-4faa-a559-36646bec7684', '456f22d5-fc78-4b68-8048-eae1e65fd5b3', 'b', 'ended', '', '20280003', '{"call_id":"da0b7592a568231fa4c87a06ee143928","local":"<sip:13333330001@127.0.0.1>;tag=64a5f5c35c0adbdbc46aca34","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKaf6ce3c444a496ab0233766d","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '', 1795843565728027, 1795843565735774, NULL, 1795843565845172, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '767a4b57-a493-4844-a22a-675421c6e57d');
INSERT INTO public.legs VALUES ('6659fcca-afb9-44a1-9ac4-0a9c986aa174', '456f22d5-fc78-4b68-8048-eae1e65fd5b3', 'a', 'ended', 'carrier', '', '{"call_id":"48d7ea848208189eb63ce38acf43da88","local":"<sip:2120280001@127.0.0.1>;tag=5cfffb5152fbde6657c9acaa","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKd78936764086a91dbee0ae7d","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"48d7ea848208189eb63ce38acf43da88","local":"<sip:2120280001@127.0.0.1>;tag=5cfffb5152fbde6657c9acaa","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=d92a61916a7d3ab8b9a2eb13","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843561338728, NULL, 1795843561843731, 1795843565845083, 201, 200, 0, 0, false, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('d6449e25-ff35-4468-b3af-db7c2cc9b0da', '9f935869-7210-4b7f-a934-613103b3cd0e', 'a', 'ended', 'carrier', '', '{"call_id":"0112817364578049acf8d3139630c84e","local":"<sip:2120280001@127.0.0.1>;tag=79c79bb22ea847f5da33ec3a","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK47123371f11f8c3c309e2bf9","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"0112817364578049acf8d3139630c84e","local":"<sip:2120280001@127.0.0.1>;tag=79c79bb22ea847f5da33ec3a","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=b83fc52e023360c1980b9da8","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843565924198, NULL, 1795843566433144, 1795843570437994, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('932febb3-4f3c-4dca-92dc-556b926aefdf', '9f2b16ce-6066-49a0-b0fe-2fc1faa16519', 'b', 'ended', '', '20280003', '{"call_id":"2b064c0fb3e3f6809ae3e3335acdb53f","local":"<sip:13333330001@127.0.0.1>;tag=dbd21a07868d7215004c4c2b","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK4cbffd3c5eeb8d1c6f98d267","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"2b064c0fb3e3f6809ae3e3335acdb53f","local":"<sip:13333330001@127.0.0.1>;tag=dbd21a07868d7215004c4c2b","remote":"<sip:20280003@127.0.0.1:5070>;tag=0892cae009fd4b4934afb458","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843562741411, 1795843562764216, 1795843563313196, 1795843565719274, 120, 120, 0, 2, false, NULL, NULL, NULL, '5aab88bc-5d1b-43c4-967c-f71bdc7b2834');
INSERT INTO public.legs VALUES ('d3e11f46-d06f-44e9-80ef-b114ca34d909', 'eea8c36b-2c8d-42fc-a759-ae819e270057', 'b', 'answered', '', '20280003', '{"call_id":"03219d8bb34f58f3d80239711fc0a687","local":"<sip:13333330004@127.0.0.1>;tag=cd34c72330fd9fa998dca443","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK2f30808849939f8d4e646e76","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"03219d8bb34f58f3d80239711fc0a687","local":"<sip:13333330004@127.0.0.1>;tag=cd34c72330fd9fa998dca443","remote":"<sip:20280003@127.0.0.1:5070>;tag=35ef079b026faa61707782b8","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843570441494, 1795843570455918, 1795843570956612, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '7b747638-57d4-491a-845e-1645fd1bc3d8');
INSERT INTO public.legs VALUES ('27e44751-e6aa-424d-936a-9dc504262051', 'eea8c36b-2c8d-42fc-a759-ae819e270057', 'a', 'answered', 'carrier', '', '{"call_id":"9677c35fb62a76ea0e7bacc0c63ff255","local":"<sip:2120280001@127.0.0.1>;tag=c9617692891addce13f1df4f","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>","uri":"sip:13333330004@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKf27d5e2a1f59def98d7b0f6b","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"9677c35fb62a76ea0e7bacc0c63ff255","local":"<sip:2120280001@127.0.0.1>;tag=c9617692891addce13f1df4f","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>;tag=a87e52aa9259cc16f452374b","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843567537312, NULL, 1795843568062429, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('7bab72a6-6849-4234-ad7c-fe2f83498319', '9f935869-7210-4b7f-a934-613103b3cd0e', 'b', 'ending', '', '20280003', '{"call_id":"589c294624b8d5545d2b1a590ac62de2","local":"<sip:13333330001@127.0.0.1>;tag=5747c65152bf478f3e414b23","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK264a92cd64f9f85cf6121d61","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"589c294624b8d5545d2b1a590ac62de2","local":"<sip:13333330001@127.0.0.1>;tag=5747c65152bf478f3e414b23","remote":"<sip:20280003@127.0.0.1:5070>;tag=42ec93da23d13150190c60d1","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843567463337, 1795843567479658, 1795843567982395, 1795843570438083, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '1e98fd49-b222-4230-9289-8dda5b9a38ac');
INSERT INTO public.legs VALUES ('9691a39a-ab75-4bfe-9ca0-83a6da2a1e5c', '8b6e58a8-2482-4883-b0f8-d8a5139c58d4', 'a', 'dialled', 'carrier', '', '{"call_id":"bea61b29369216a9919660c94db6fb3b","local":"<sip:2120280001@127.0.0.1>;tag=1749c9fd232db36a9f92fc2c","remote":"<sip:13333330003@127.0.0.1:5080;transport=udp>","uri":"sip:13333330003@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKba347423fb33fe7a88d6e920","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843570969288, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.registrations VALUES (1, '1', '20280003', '<sip:20280003@127.0.0.1:5070>', 'udp', '127.0.0.1', 5070, '127.0.0.1', 5060, '127.0.0.1', 5070, '[]', 'bfa213c63dcfc077df434ef23600180c', 2, 1795843858721977);
INSERT INTO public.servers VALUES ('1', 1795843570368003);
INSERT INTO public.tokens VALUES (1, '7a937e9b953bc9eda1c0fdc13c3c6dc18b1e3f5c16988545611f504a23946a59', '2028', 1795843558793525, 1795886758793525);
INSERT INTO public.trunks VALUES ('carrier', 0, 'sip:127.0.0.1:5080;transport=udp', NULL, NULL, false, 'PCMA,PCMU', 2, 500, '', NULL, '', '', NULL, NULL, 'from', 'auto', 30, 4, 1795843555887189, 1795843555887189);
INSERT INTO public.voice_files VALUES ('2028', 'notice.mp3', '/var/lib/playvoice/voices/notice.mp3', 1795843555887189);
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
