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
    history text,
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
    recordfilename character varying(64) NOT NULL,
    fetched_at bigint
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
CREATE TABLE public.keys (
    name character varying(32) NOT NULL,
    value character varying(64) NOT NULL
);
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
CREATE TABLE public.traces (
    id bigint NOT NULL,
    call_uuid character varying(36) NOT NULL,
    created_at bigint NOT NULL,
    octets integer NOT NULL,
    body bytea NOT NULL
);
CREATE SEQUENCE public.traces_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.traces_id_seq OWNED BY public.traces.id;
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
    added_at bigint NOT NULL,
    measured character varying(255),
    format character varying(32),
    samples integer,
    rms double precision,
    peak double precision
);
CREATE TABLE public.voice_uploads (
    company_code character varying(9) NOT NULL,
    name character varying(255) NOT NULL,
    file character varying(32) NOT NULL,
    digest character varying(64) NOT NULL,
    octets integer NOT NULL,
    format character varying(32) NOT NULL,
    samples integer NOT NULL,
    rms double precision NOT NULL,
    peak double precision NOT NULL,
    uploaded_at bigint NOT NULL
);
ALTER TABLE ONLY public.callbacks ALTER COLUMN id SET DEFAULT nextval('public.callbacks_id_seq'::regclass);
ALTER TABLE ONLY public.calls ALTER COLUMN id SET DEFAULT nextval('public.calls_id_seq'::regclass);
ALTER TABLE ONLY public.groups ALTER COLUMN id SET DEFAULT nextval('public.groups_id_seq'::regclass);
ALTER TABLE ONLY public.registrations ALTER COLUMN id SET DEFAULT nextval('public.registrations_id_seq'::regclass);
ALTER TABLE ONLY public.tokens ALTER COLUMN id SET DEFAULT nextval('public.tokens_id_seq'::regclass);
ALTER TABLE ONLY public.traces ALTER COLUMN id SET DEFAULT nextval('public.traces_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0007');
INSERT INTO public.callbacks VALUES (1, '2028', '37bc85c8-9f1f-4f26-864d-d4df63766136', 'cdr', '{"answertime":"","hangupcause":10006,"duration":0,"id":2,"extnumber":"","uuid":"37bc85c8-9f1f-4f26-864d-d4df63766136","downloadip":"127.0.0.1","customuuid":"custom-2","chengshudu":"1","callmethod":6,"recordfilename":"","companycode":2028,"memberid":"0","hangupdirection":10006,"billsec":0,"endtime":"2026-11-28 13:27:58","starttime":"2026-11-28 13:27:58","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"","destnumber":"13333330002"}', 'delivered', 1, false, NULL, 200, NULL, 1795843678101485, 1795843678178257, NULL, 1795843678178257, 1795843678101485, '["2026-11-28T05:27:58.178257+00:00",200,null]
');
INSERT INTO public.callbacks VALUES (2, '2028', 'eb1822c1-6d6c-45c7-b16d-9ca631e51b15', 'status', '{"buuid":"0f686f1c-707a-4632-8166-86a5d51875c0","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843679","status":"ring","uuid":"eb1822c1-6d6c-45c7-b16d-9ca631e51b15","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843679549296, 1795843679576035, NULL, 1795843679576035, NULL, '["2026-11-28T05:27:59.576035+00:00",200,null]
');
INSERT INTO public.callbacks VALUES (3, '2028', 'eb1822c1-6d6c-45c7-b16d-9ca631e51b15', 'status', '{"buuid":"0f686f1c-707a-4632-8166-86a5d51875c0","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843679","status":"answer","uuid":"eb1822c1-6d6c-45c7-b16d-9ca631e51b15","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843680067666, 1795843680131068, NULL, 1795843680131068, NULL, '["2026-11-28T05:28:00.131068+00:00",200,null]
');
INSERT INTO public.callbacks VALUES (4, '2028', 'eb1822c1-6d6c-45c7-b16d-9ca631e51b15', 'status', '{"buuid":"0f686f1c-707a-4632-8166-86a5d51875c0","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843679","status":"hangup","uuid":"eb1822c1-6d6c-45c7-b16d-9ca631e51b15","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843682522292, 1795843682607695, NULL, 1795843682607695, NULL, '["2026-11-28T05:28:02.607695+00:00",200,null]
');
INSERT INTO public.callbacks VALUES (5, '2028', 'eb1822c1-6d6c-45c7-b16d-9ca631e51b15', 'cdr', '{"answertime":"2026-11-28 13:27:58","hangupcause":10001,"duration":0,"id":1,"extnumber":"20280003","uuid":"eb1822c1-6d6c-45c7-b16d-9ca631e51b15","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"eb1822c1-6d6c-45c7-b16d-9ca631e51b15.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:28:02","starttime":"2026-11-28 13:27:58","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843682522425, 1795843682741144, NULL, 1795843682741144, 1795843682522425, '["2026-11-28T05:28:02.741144+00:00",200,null]
');
INSERT INTO public.callbacks VALUES (6, '2028', '8d6f14a2-f957-46ad-a689-4003f4e7abd8', 'status', '{"buuid":"c6ceab55-8a89-4ce0-89de-8d5d4114cd5a","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843682","status":"ring","uuid":"8d6f14a2-f957-46ad-a689-4003f4e7abd8","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843682583868, 1795843682748078, NULL, 1795843682748078, NULL, '["2026-11-28T05:28:02.748078+00:00",200,null]
');
INSERT INTO public.callbacks VALUES (7, '2028', '8d6f14a2-f957-46ad-a689-4003f4e7abd8', 'status', '{"buuid":"c6ceab55-8a89-4ce0-89de-8d5d4114cd5a","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843682","status":"hangup","uuid":"8d6f14a2-f957-46ad-a689-4003f4e7abd8","ip":"127.0.0.1"}', 'delivered', 1, false, NULL, 200, NULL, 1795843682703832, 1795843682838396, NULL, 1795843682838396, NULL, '["2026-11-28T05:28:02.838396+00:00",200,null]
');
INSERT INTO public.callbacks VALUES (8, '2028', '8d6f14a2-f957-46ad-a689-4003f4e7abd8', 'cdr', '{"answertime":"2026-11-28 13:27:58","hangupcause":10001,"duration":0,"id":3,"extnumber":"","uuid":"8d6f14a2-f957-46ad-a689-4003f4e7abd8","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"8d6f14a2-f957-46ad-a689-4003f4e7abd8.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:28:02","starttime":"2026-11-28 13:27:58","type":"callout","disnumber":"2120280001","crmid":"0","userkey":"1","destnumber":"13333330001"}', 'delivered', 1, false, NULL, 200, NULL, 1795843682704046, 1795843682890474, NULL, 1795843682890474, 1795843682704046, '["2026-11-28T05:28:02.890474+00:00",200,null]
');
INSERT INTO public.callbacks VALUES (9, '2028', 'e1c667fb-754a-463b-9dde-757eecf26876', 'status', '{"buuid":"36a3b31c-00c8-417f-bf41-a7087a6797e3","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843684","status":"ring","uuid":"e1c667fb-754a-463b-9dde-757eecf26876","ip":"127.0.0.1"}', 'pending', 1, false, 'answered', 503, 'HTTP status 503', 1795843684576797, 1795843684627118, 1795843689912765, NULL, NULL, '["2026-11-28T05:28:04.627118+00:00",503,"HTTP status 503"]
');
INSERT INTO public.callbacks VALUES (10, '2028', 'e1c667fb-754a-463b-9dde-757eecf26876', 'status', '{"buuid":"36a3b31c-00c8-417f-bf41-a7087a6797e3","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843684","status":"answer","uuid":"e1c667fb-754a-463b-9dde-757eecf26876","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843685078582, NULL, 1795843689912765, NULL, NULL, NULL);
INSERT INTO public.callbacks VALUES (11, '2028', 'e1c667fb-754a-463b-9dde-757eecf26876', 'status', '{"buuid":"36a3b31c-00c8-417f-bf41-a7087a6797e3","callee":"13333330001","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843684","status":"hangup","uuid":"e1c667fb-754a-463b-9dde-757eecf26876","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843687505644, NULL, 1795843689912765, NULL, NULL, NULL);
INSERT INTO public.callbacks VALUES (12, '2028', 'e1c667fb-754a-463b-9dde-757eecf26876', 'cdr', '{"answertime":"2026-11-28 13:28:03","hangupcause":10001,"duration":1,"id":4,"extnumber":"20280003","uuid":"e1c667fb-754a-463b-9dde-757eecf26876","downloadip":"127.0.0.1","customuuid":"custom-1","chengshudu":"1","callmethod":6,"recordfilename":"e1c667fb-754a-463b-9dde-757eecf26876.wav","companycode":2028,"memberid":"0","hangupdirection":10041,"billsec":4,"endtime":"2026-11-28 13:28:07","starttime":"2026-11-28 13:28:02","type":"callout","disnumber":"2120280001","crmid":"20280003","userkey":"1","destnumber":"13333330001"}', 'pending', 0, false, NULL, NULL, NULL, 1795843687505767, NULL, 1795843689912765, NULL, 1795843687505767, NULL);
INSERT INTO public.callbacks VALUES (13, '2028', '77a1f47c-45e4-42a4-9bb0-fdc6f90cd5a3', 'status', '{"buuid":"d95c6400-07e4-4889-b698-15e32bfd7d85","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843687","status":"ring","uuid":"77a1f47c-45e4-42a4-9bb0-fdc6f90cd5a3","ip":"127.0.0.1"}', 'pending', 1, false, 'answered', 503, 'HTTP status 503', 1795843687540950, 1795843687653701, 1795843693087450, NULL, NULL, '["2026-11-28T05:28:07.653701+00:00",503,"HTTP status 503"]
');
INSERT INTO public.callbacks VALUES (14, '2028', '77a1f47c-45e4-42a4-9bb0-fdc6f90cd5a3', 'status', '{"buuid":"d95c6400-07e4-4889-b698-15e32bfd7d85","callee":"13333330004","caller":"20280003","companycode":"2028","direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3","starttime":"1795843687","status":"answer","uuid":"77a1f47c-45e4-42a4-9bb0-fdc6f90cd5a3","ip":"127.0.0.1"}', 'pending', 0, false, NULL, NULL, NULL, 1795843688033084, NULL, 1795843693087450, NULL, NULL, NULL);
INSERT INTO public.caller_numbers VALUES ('2120280001', '2028', true);
INSERT INTO public.caller_numbers VALUES ('2120280002', '2028', true);
INSERT INTO public.calls VALUES (2, '37bc85c8-9f1f-4f26-864d-d4df63766136', '1', '2028', 'ended', 1795843677870070, '13333330002', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-2', '', '', 60, 3600, NULL, NULL, 1795843678030217, NULL, 1795843678101485, 10006, 10006, '', '', '', '', NULL);
INSERT INTO public.calls VALUES (1, 'eb1822c1-6d6c-45c7-b16d-9ca631e51b15', '1', '2028', 'ended', 1795843677830950, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843678006787, 1795843678514377, 1795843682522425, 10001, 10041, '1', '20280003', '20280003', 'eb1822c1-6d6c-45c7-b16d-9ca631e51b15.wav', NULL);
INSERT INTO public.calls VALUES (3, '8d6f14a2-f957-46ad-a689-4003f4e7abd8', '1', '2028', 'ended', 1795843677906514, '13333330001', 2, 'http://127.0.0.1:8081/notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843678191400, 1795843678701154, 1795843682704046, 10001, 10041, '1', '', '', '8d6f14a2-f957-46ad-a689-4003f4e7abd8.wav', NULL);
INSERT INTO public.calls VALUES (5, '77a1f47c-45e4-42a4-9bb0-fdc6f90cd5a3', '1', '2028', 'answered', 1795843684627440, '13333330004', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-4', '', '', 60, 3600, 'kept', '992423b1d0582a38b4d2f7951e8db64f07bdba94edddb26ef5ecd7e613e56db2', 1795843684679779, 1795843685231383, NULL, NULL, NULL, '1', '', '', '', NULL);
INSERT INTO public.calls VALUES (4, 'e1c667fb-754a-463b-9dde-757eecf26876', '1', '2028', 'ended', 1795843682953577, '13333330001', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-1', '', '', 60, 3600, NULL, NULL, 1795843682993347, 1795843683504579, 1795843687505767, 10001, 10041, '1', '20280003', '20280003', 'e1c667fb-754a-463b-9dde-757eecf26876.wav', NULL);
INSERT INTO public.calls VALUES (6, '8509f186-0ca1-4a4f-934a-0794fb1254d5', '1', '2028', 'dialled', 1795843688054484, '13333330003', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-3', '', '', 60, 3600, NULL, NULL, 1795843688072472, NULL, NULL, NULL, NULL, '', '', '', '', NULL);
INSERT INTO public.calls VALUES (7, '11319ba4-ca06-454d-adbf-ce58c967f089', '1', '2028', 'waiting', 1795843688079902, '13333330005', 1, 'notice.mp3', '1@extGroup-1', '2120280001', '1', 'custom-5', '', '', 60, 3600, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', '', NULL);
INSERT INTO public.companies VALUES ('2028', 'Demo', 'demo-appid', 'sha256$ca9ba38ef1131fc7d5630331503a960f$bfa0a3dd6f71e705ca1b93dea631287600f96d5fa818e26c1a091cd1e1c0cac1', true, NULL, '', 'http://127.0.0.1:9000/cdr', 'http://127.0.0.1:9000/status', 'json', '', 'whsec_G8xHI8TTVWU2z9C8pmCCDUM2ndwy/wkO', 'always', 'wav', 3600, 5, NULL, 1795843668560986, 1795843668560986);
INSERT INTO public.downloads VALUES ('031a0b7b8668d17a923f406a07e67a897403d42889a7a968264b45df54a0ef0a', 'http://127.0.0.1:8081/notice.mp3', '031a0b7b8668d17a923f406a07e67a89-cb6aefcb4b3d4447', 138970, NULL, 'Sat, 28 Nov 2026 05:27:41 GMT', 1795843677919956);
INSERT INTO public.extensions VALUES ('20280003', '2028', 'secret', true, 1795843668560986, 1795843668560986);
INSERT INTO public.group_members VALUES (1, '20280003', 0);
INSERT INTO public.groups VALUES (1, '2028', 'extGroup-1', 'ring-all', 20, 60, 1795843668560986, 1795843668560986);
INSERT INTO public.keys VALUES ('recordings', 'e40d8bf3daf18b273222a659ca9d80ce2913a4c87811658c1fd99bcea72a32c5');
INSERT INTO public.legs VALUES ('391981c5-bf71-434c-85e5-f14c8ddcd00b', '37bc85c8-9f1f-4f26-864d-d4df63766136', 'a', 'ended', 'carrier', '', '{"call_id":"648a3e1960b02dc828ffb5f361a406f6","local":"<sip:2120280001@127.0.0.1>;tag=34bababa033ef090e4692286","remote":"<sip:13333330002@127.0.0.1:5080;transport=udp>","uri":"sip:13333330002@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK92f63908ca70c74ef11be4cc","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843677978887, NULL, NULL, 1795843678101376, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('dc2995df-9570-4434-a21c-7b2ad74c21f9', 'eb1822c1-6d6c-45c7-b16d-9ca631e51b15', 'a', 'ended', 'carrier', '', '{"call_id":"6f6c9d3ca71c3caacd8afc8b272d6c04","local":"<sip:2120280001@127.0.0.1>;tag=584904688e6836bbc0309767","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1872fe80fae72bacbf900eaf","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"6f6c9d3ca71c3caacd8afc8b272d6c04","local":"<sip:2120280001@127.0.0.1>;tag=584904688e6836bbc0309767","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=f1cf2b50f2f46b4ce6360321","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843677961307, NULL, 1795843678514377, 1795843682522177, 200, 201, 0, 1, false, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('ff2463c5-7792-4f04-90e3-d434e88608cf', '8d6f14a2-f957-46ad-a689-4003f4e7abd8', 'b', 'ended', '', '20280003', '{"call_id":"f8e58a1ed4123b7b7110a796fb707268","local":"<sip:13333330001@127.0.0.1>;tag=0ccce2a6c30b69a35876fe49","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKe2a4c28e440532d6da74acc3","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '', 1795843682528963, 1795843682583868, NULL, 1795843682703832, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'c6ceab55-8a89-4ce0-89de-8d5d4114cd5a');
INSERT INTO public.legs VALUES ('80252421-545d-4628-9cf1-5392cd1ef9ef', '8d6f14a2-f957-46ad-a689-4003f4e7abd8', 'a', 'ended', 'carrier', '', '{"call_id":"7c336df636db3049ff3c4a83d5ac251b","local":"<sip:2120280001@127.0.0.1>;tag=ec809088d450595f0a71823f","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK3f87050d48b5acc674b86002","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"7c336df636db3049ff3c4a83d5ac251b","local":"<sip:2120280001@127.0.0.1>;tag=ec809088d450595f0a71823f","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=13473784ca9017b9d0c57d07","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843678161352, NULL, 1795843678701154, 1795843682703543, 202, 200, 0, 1, false, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('a5405b45-b6da-4280-830e-1ea0770a6cec', 'e1c667fb-754a-463b-9dde-757eecf26876', 'a', 'ended', 'carrier', '', '{"call_id":"6aa745b7a4798b5c176dce859f751235","local":"<sip:2120280001@127.0.0.1>;tag=4a3994f5d760654e7e6d9f08","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>","uri":"sip:13333330001@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKb845f7746aa1f257612b2356","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"6aa745b7a4798b5c176dce859f751235","local":"<sip:2120280001@127.0.0.1>;tag=4a3994f5d760654e7e6d9f08","remote":"<sip:13333330001@127.0.0.1:5080;transport=udp>;tag=5b79d8b81234c196998dbe4e","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843682976525, NULL, 1795843683504579, 1795843687505533, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('24eb4608-7601-4d1c-8406-5d22942bae7d', 'eb1822c1-6d6c-45c7-b16d-9ca631e51b15', 'b', 'ended', '', '20280003', '{"call_id":"e006af5b2fb34b5a7231c338e618b363","local":"<sip:13333330001@127.0.0.1>;tag=48e13b327cec6a233331184d","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK42db7bf11999e1a0e99af87a","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"e006af5b2fb34b5a7231c338e618b363","local":"<sip:13333330001@127.0.0.1>;tag=48e13b327cec6a233331184d","remote":"<sip:20280003@127.0.0.1:5070>;tag=20af7f2209c3356549cfbdfc","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843679541038, 1795843679549296, 1795843680067666, 1795843682522292, 123, 122, 0, 2, false, NULL, NULL, NULL, '0f686f1c-707a-4632-8166-86a5d51875c0');
INSERT INTO public.legs VALUES ('91475f37-ded6-4289-9eae-fb84e550ec4f', '77a1f47c-45e4-42a4-9bb0-fdc6f90cd5a3', 'b', 'answered', '', '20280003', '{"call_id":"be0e62fa1cb3367da3f0de0688ca9d04","local":"<sip:13333330004@127.0.0.1>;tag=df2e4cf63e3eb96a4215c0db","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1e8231ac52042e8c11f8589b","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"be0e62fa1cb3367da3f0de0688ca9d04","local":"<sip:13333330004@127.0.0.1>;tag=df2e4cf63e3eb96a4215c0db","remote":"<sip:20280003@127.0.0.1:5070>;tag=69a4d209ecf01e6cf7418fd3","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843687509209, 1795843687540950, 1795843688033084, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'd95c6400-07e4-4889-b698-15e32bfd7d85');
INSERT INTO public.legs VALUES ('594f1693-b992-4932-8ad2-ad10315bc518', '77a1f47c-45e4-42a4-9bb0-fdc6f90cd5a3', 'a', 'answered', 'carrier', '', '{"call_id":"0dc68e9f38e6b2662ad338f1f4419e5b","local":"<sip:2120280001@127.0.0.1>;tag=1e3c986673a0b3447d53c402","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>","uri":"sip:13333330004@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK8dc16b4779a15e0b7649a4e9","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '{"call_id":"0dc68e9f38e6b2662ad338f1f4419e5b","local":"<sip:2120280001@127.0.0.1>;tag=1e3c986673a0b3447d53c402","remote":"<sip:13333330004@127.0.0.1:5080;transport=udp>;tag=2cce27c19a107f63f785520c","remote_target":"sip:127.0.0.1:5080","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', 1795843684679779, NULL, 1795843685231383, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.legs VALUES ('12811655-43b6-4752-8b41-55ec3b068354', 'e1c667fb-754a-463b-9dde-757eecf26876', 'b', 'ending', '', '20280003', '{"call_id":"23f628feb5cabbc2f28e90be491dfb2f","local":"<sip:13333330001@127.0.0.1>;tag=322fe4d496594ac47d6c4351","remote":"<sip:20280003@127.0.0.1:5070>","uri":"sip:20280003@127.0.0.1:5070","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKb1525205e830ac64be73f8c2","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', '{"call_id":"23f628feb5cabbc2f28e90be491dfb2f","local":"<sip:13333330001@127.0.0.1>;tag=322fe4d496594ac47d6c4351","remote":"<sip:20280003@127.0.0.1:5070>;tag=773267b43dd1395abb17e6e0","remote_target":"sip:127.0.0.1:5070","route":[],"local_cseq":1,"remote_cseq":-1,"invite_cseq":1,"flow":{"transport":"udp","remote":["127.0.0.1",5070],"local":["127.0.0.1",5060]},"pinned":true}', 1795843684537040, 1795843684576797, 1795843685078582, 1795843687505644, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '36a3b31c-00c8-417f-bf41-a7087a6797e3');
INSERT INTO public.legs VALUES ('0bc1de08-c0d7-490e-ae06-f35c54c27bb6', '8509f186-0ca1-4a4f-934a-0794fb1254d5', 'a', 'dialled', 'carrier', '', '{"call_id":"7ca1c7129c8f37842208a29b18630426","local":"<sip:2120280001@127.0.0.1>;tag=9842749c6fc00f1383ff42cf","remote":"<sip:13333330003@127.0.0.1:5080;transport=udp>","uri":"sip:13333330003@127.0.0.1:5080;transport=udp","via":"SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK8ccf52baee60c31c428f0f27","cseq":1,"route":[],"flow":{"transport":"udp","remote":["127.0.0.1",5080],"local":["127.0.0.1",5060]},"pinned":false}', '', 1795843688072472, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.registrations VALUES (1, '1', '20280003', '<sip:20280003@127.0.0.1:5070>', 'udp', '127.0.0.1', 5070, '127.0.0.1', 5060, '127.0.0.1', 5070, '[]', 'f51e66a302062c28b21e6fca7fde5660', 2, 1795843972409644);
INSERT INTO public.servers VALUES ('1', 1795843687445578);
INSERT INTO public.tokens VALUES (1, '9153b53664efbbef6f9874f29f1a402106c73a27baa3f9ac9966e9e01e074644', '2028', 1795843672730063, 1795886872730063);
INSERT INTO public.traces VALUES (1, '37bc85c8-9f1f-4f26-864d-d4df63766136', 1795843678030518, 913, '\x789ced555b6fdb36147e17e0ff40e8598a4951178a9e8ab94eb21a6d136176020c4510d012e508952595a2dc7a45fefb0e6d27b1bd152d30ec61c3ac075be7f29d73be73f157bba89acf9dcd3f7cb0fbbcb51d9b78d1198687d84e80193e1184f8eeceb157b2ebc4526edd481407cca761c430c501610e71b083ef9c43851f05d43762871c290806d5d6def14e1571186ca1a80958c97aa91f4cbc88318792c8a12c74681480ae6ef44926e69b80bbbd6eca4cde2b29f28ded7cb53b9935750eb6ec2c64e1e3718e1447a6dab25e975ade77b2d6c645abbefe68733b134a9552013f22cf15940f32e08b3f93c30d59a0ce65a7eb7eb5005b6e13bafd608c3d5065a2aaeecb1ce4a1cf0495240ef1027b79c63c56148ba0a021113e0e8bd07e3c6183d0800240dfe96625155454f49dccff3ac14e0bdd437e3e306443ed5d5383fe75df6dd01ba924587c6201b679dd57d5491ca8218ef789ca3adf45c804c4b239b40403605e2a99e9d260ee251fe506f021e56d9f0a7ddff4dae640e50e811fe1c7d87fb4a657b7d3f905ea4ae0ef85a19f8fb91c6925eaae6d944e8068349ba643ef0c0facdb52f0a7b7e1cd798a0edd423c52c665b400e7ec21f93d7ef8c55fbc8dbd22a4316699887016f9b2206421fd2c1b58efc517f7b2519f85ca3b8e22c0bf54cd8aa39f4c721ef1b0c72037f292dbab9116cb84fa0b611e4ca92ca028e987b1e7b17060cd9bbdf38f56f66a604d806f777aced1f7e6024c67f2134704ed2884f7a6d622d34f318fa800e47105dbcdf7d60e1a4fde3ae8f56ff06b32be9a5cbc73d0753a9f5e5fcd1c30b9bc76d04d7a3e36b0379d54ee78094bc0515a89cdad59a48135eb5b93b6cc21058c95ac1ca44b1848d0c04ac050b8175f5a1810a092006f406f59bbb30b8e62bc4b1500ddf9a6951c89b6adca4c98491a7679fba27eb75d758e3cea0dac81b54ec0b5495ce4118a5948684418f5a288062cdcf280a6a9ff320303ab4bdc8195257f56e80423c05a25a2cfcb0611ea871efa759e0ec7b72962084349602512a5db95683943e9e4fd7868da7f20c5467a732a054fa46525db87a696ae5c431dcf26c54aef0cb04b0223680d65dcdb2ae1ccc035c9d640e06ea20daf68ae3665bdfcfea8ffd8908f20802cd7324f9edd774b9218907fe3c01f8e093643f2441e9c3cf47ce8feb3fc6d01b398e43e89b1f06926248d8ba0f068e82ffe16b933a9d6521dac3cdce8555f09d878b4ff83f94607e0b2fc7fcfffa9f600b9dfa0fd0f7ab8a54f');
INSERT INTO public.traces VALUES (2, 'eb1822c1-6d6c-45c7-b16d-9ca631e51b15', 1795843678007101, 1563, '\x789ced596b4fdb4814fd1e29ffc1f267bbccfb6136d5b294ae501f44e521adaa0a8dc763881aecaced40d98affbe779c0049680a25654bd9828064eecc9d3be79eb9f7387c0ef361795687c9fbf7e1381b855188897c86e01b8711470a2d0c08f421fad24ccc34bb39f543149eb8ba3647aedd014bcd15a3422a84244638c2118abcc31903c61c113f1ce1458394ba35903903c794ebd65144e70d5462acdb3dd8ac41732699f29be3882f1834127e3e8ec4a2016bd11ae48c018e211825aa35a8798396b04dbb879e35104e3057937360b4602148f0365e8c172d8cb3d619260b16c968eb2bc2d4c33d74c55173ecd1964a4514cb8849085ae888321d492e230af032cee1358928e511d5001c57d31f08362cca66215ffe2fd2340a4fcb8175879533d979187d0e6b67cb2283b9ea9950e2623e614852aaa370509c0e1a7758bba2f14b9a6a5c7c0c93d09aaa1ab80a6864b2ac0292c018d02ab9a250e2d907e6ccd54d313e49616e1262da7e21848062e063383c1c64302e72617546ad91d8c26f63336572ab522249262c62e1c5026798d0121c8ceba63c71d5a129ea3357b9cc4768cbcc59f0d9df7cb3019b7c74e73eb6c60ddde8b82c5cec4ee128f5bc47600812fe06c0ecc3913fcec417bcf551839b33737ed3cb0d271a117002f7a5680e01a823efc37d6a5c510fca02d61344005844c1613a1eb7474739409f631b4b244dcc0425b1c242c44a189e71ac24b71ec6a13bf2eb994b99402a9602e19865b04c41e431cf08d18ca4c6c96c0e58071437394f499e52967223090584a97202ab940a3a77027f1fa466f8f204408ec2d96602c592637c435c17f3d4171a21368dd515d93479665cbb30c19e21c09d4105fbb77bc2880fec32211793cb923787e5b8091328731317c9fc060a5d74b6df1e6cef6d05f500c8794dbfdfe789bade54c0a15159353d6071b0bbdd5f23cf50b7733030c9e5bbb5fd17fd60769940eb955fb29ec2627bdcfb471fffc9d2579033923b857238351cdda6399cd499bcdb79633ec52fcbeacc54599d0412fcbfacca9324f8cd0747f014d699d89eaf37e6a80707d2880905595354a4a94514ea9390ddce5e395d7cd7933def763601f078fb4512dc76e960eaaefb3b0970308110de9745636c73b9e71c14e0796308bd2899ce8e828dcd5751f0c75ff06a73e3ede6d6eb28d8e9ef6defbcdd8d60cacb9d28d8efbfd8f06ef76b57c51b9e7249d01f9af3035fa5ba9dddf1c887ed320801a1ca0da3a019c06d070b5c506045bcf569040c012831e006f00e8a78772b09349a840a0ee3bdf3914b02331a0d07d6782aadd5d9e8dafcbaadb7494028e976ba9dd31e2c2d7b7140b9840ea08041d020a4c644e9168760bbcfae39d0edd4bdb8dbb1bd9b86a68702f075d233e36c500698c2f508deedf5d7360efa810a101c0966995ed58c4ecc2851812f576b3efd33a3c88fee2f8ec2ca60a1105d4dc94f9ac9041463ee07461eb284b446a8e150aaed29003861b4c735d8abce07c5d1ed54bf1bc9d7610337387559ef6af9e492f4bc939f91f0b334419e2457e029c82840f794d16b1d4277ca49ca514e722652669da00251821fa896a8556ac9aeab4e5d355347a0f09f8c8706ca4830d52cb7a495c09dd879f52ba33f5546dfb9bfc7d00a92ab0e71dd3bbed633203b39bc3976556f6cec37770dacf55cd7c05811ad306272a566013a52e19966719756f11d9a026424b899b9d5b410614c5b26815a24252a03750b2fa57e1c5ae8fb5f05807049759951a197ea793638fffcbd1ad28c64a94c737864d6da61839cd62657d2dc82f417c19a20c394c33405f9639d1586f869407096cd40bdec28b35df7b64790ffb5cc8467260ec872ac91645a0bbdbacc144f49662e63f537b4d5c7caf087d0958f17aed601412697392148033c5c409fb3799ae5f661aac5344d0fa13bda3bf1203af25706ffd30cfe28dda8e6db0026fe7368b99a6c645e5c3d0ad9b8ba9a7129c64822ae85402976321342e25cca1fa366be3ff5970b4520f60d152eeeaac2d597d1d452652096556eb8713667044a8bffc7cb7dd0bc8790be06f81eb2fe1e2a1c205ca2f61ee6c300b558c497e1fdb522ae9e10f6370aefddb9be7ae9b002e0d670064b748e7285253c83669c3f8dd241bec2ee071124cbe07c7a82842c21ef1d75dfbf4211718e');
INSERT INTO public.traces VALUES (3, '8d6f14a2-f957-46ad-a689-4003f4e7abd8', 1795843678191802, 1622, '\x789ced586d4f1bc716fe6ec9ff61b45f7aafb41be6fd65a9abcb254985d224562091aaaa42e39959b06aefbabb6b08b7ca7fbf67760dd82684348094a60509d973e69c33f39ce7bc0c7f24c5ac3a6f92fc975f92a55f246942a87a82e19724a9c01a6f2d48fc6bfab19d841b7e73ebaf69320f4d634f42e7812823346752696288c63425294ea3c17581a0ac5b4ec9b64033d909e8864061cc742f609b02a230159d0fbe26d05448a995010149c5a640334169749dca6d815a09d4864061424def5c6f0b14619d73b325e058c9ce39c15b122330ef9c10b22d51b2774fe8b6441bd65b6311ee59284fdad38836009032a252aee0d0d2a48c9b54095803dcb91029330098d029a32465609d29f8cc01a9a4acdaed78616128166972564d5d38ae83f51749fa47d20457951ef6ea2752cb0f9b0193d8709226cece66c7e776da061f5540b7a9ca244fda7a59fe86be73b6aea7a1fe0e9dda06c156541568da3688a2a8d8a07fcdedfbe3eee3bf932d07861246d3645a9e81f1e326946d74d0d905fb2bc3c053eb7d0d2c8435e06d7ec5d13cd21bc43e346db99c4f606f9e10d6fd608c81c3fdd9a71ed695634cfa42c29f09c3dc140573dc6ae685755490c9d6d920fc5cc7cb2f9bb69a87fad896cd79a87b085ce583039be3fd977be0e4b77011cfd68659589c5665c8c2195ca5d9b46814c5325a84ddc78b789dde167c8da70633e7f6e2a6959b464c0c63591d434e96ed71518710cd9cd4d57201eae17dfb63fc98910dcd98339a320658766a00f1495483eda16ca65d3c29a61a60637094c972d981e6a40b762244a6ad3619770167daf890692f3c27843b402f899c3d81cd4541b9644e644a199af102f3cce0c032cf190f5a4bac5db111924207a12d09608ab2899a2842b0554616138515957aeb060aca049483d50dcea7eda9afed79f950d7d872260ce16c75da50fa55e0edb209494e22bb8077d33ab8b6f30a2bbc8f6d17cc0f7d2617ed71b56c931c6a706f22df704099f8303878f5eee0e8196aa640ec6beafe6793e4bb6d0dfc5b54753b820c408707e31dfa040f07efa636bffcb6f3f6e918adab49bc5b4795dd0928bbd3d1ffcce98f7cf28215406e813dd713a0be938a4f2036980e072fedfbec79559fdbda37395260ff795dcd73f47d3c1c252b60d7cef6c36e6b4f46c16920a5d69e0ba832a2801812e05a311c1c552be5cfbdd90fc3c13e009e1d3c05ff77242c6c3d0cbfe788a01e42f85e95ad75eda5cf0d28c0f2de0c1a65beda9da2bdfd1729faefcff0697fefd5feb39f52f47a7c74f0fad5610a5b9ebf4ed1dbf1d3bd68f66d13ea6c2f922e47e399bd78174be87070b85cc463070f47c0b80eb314b553a8142081e4065664cfde2f80210025b44a00f3e5b4cc0e9fe5c8e0fea860303bba58841cd9c5623675365269a7f18b6bf14f5d33c81174d4e16038381b816a35ca10c5582968d91a2b02900bad3b18d0c1985f5360386846d970e0463705ed082330351fd9a59f5688302e397a7334ded97b37461a61b811ecb2a3ba5dcced22d72856ba9d18fdb5551c57df6eaf8226daaa61575b8a79db6fc0191171611111cb692784f20f55de9d017e3da123ace8a8be9896277733fdf338be0b0ec2f42cf8d1957a9f23a368e4afc8f77596e0c8912bf034466f00ba6f19bdce209057c1e8c39d3530b24d8cc74e288fd52395127d9f527218eab350af9511a8fbf3e5cc421541ab71e78eb042e6a3d72ffe89e85f2aa26fc2ef4be804f95583b86e1d9f6a19101d18ef9ad3508f96d6fde9a6418cd9681a44cbf804a39adeab59484c295d6b169fd32a1ea0294044d0cdc8dd6f140a6662992730901554058f2d6162e294ff2a46a1874f0580f096eab236845e8ecfeb878bff1bb827d2d4724775e01c0b46bdf456712844ec0ea43f0a568f0c76ce8155e9189e4863e121ac6411b85983fab6abac77ddbbde207faf29936e4e9906322366bb264a1b012f2579ef31537f4b63e66dacfe136df56b65f863cc955f2f5c7df1969804c368b09ec960b03381304fc5e3548b55981e63eee872e2963082ed1b6d547e6e1bd51f2fee7017a97480d932502326064be1bdc677b5d187ea84d7e1fd82befc056d1420bca55c3fce34afb7f3e836bc3f9547fa1bc2fe06f76f41b94fa17fa69a4fd5a91ea34779747ee5e55e4a8a0591ba70a2f084592f9c8067b1bb178c5f5a962f91e65aa1f85a0c4d8b8e423d9f9651f51b43fe511aed97227ff9aefc3b54888747fff627e5ff01c7892f8d');
INSERT INTO public.trunks VALUES ('carrier', 0, 'sip:127.0.0.1:5080;transport=udp', NULL, NULL, false, 'PCMA,PCMU', 2, 500, '', NULL, '', '', NULL, NULL, 'from', 'auto', 30, 4, 1795843668560986, 1795843668560986);
INSERT INTO public.voice_files VALUES ('2028', 'notice.mp3', '/var/lib/playvoice/voices/notice.mp3', 1795843668560986, 'a02c929b8a0ff48447f3665289b83975-18ec1e4b800c87bf-67b8', 'mp3', 69485, -23.1, -4.3);
INSERT INTO public.voice_uploads VALUES ('2028', 'uploaded.mp3', '4697851c4c734ccebba3fa13407c3063', 'a1d5163b5bf5831c79a9b642e14de24088efa93e28660e89af687f3a7af30f3a', 26552, 'mp3', 69485, -23.1, -4.3, 1795843675230313);
SELECT pg_catalog.setval('public.callbacks_id_seq', 14, true);
SELECT pg_catalog.setval('public.calls_id_seq', 7, true);
SELECT pg_catalog.setval('public.groups_id_seq', 1, true);
SELECT pg_catalog.setval('public.registrations_id_seq', 1, true);
SELECT pg_catalog.setval('public.tokens_id_seq', 1, true);
SELECT pg_catalog.setval('public.traces_id_seq', 3, true);
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
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT pk_keys PRIMARY KEY (name);
ALTER TABLE ONLY public.legs
    ADD CONSTRAINT pk_legs PRIMARY KEY (uuid);
ALTER TABLE ONLY public.registrations
    ADD CONSTRAINT pk_registrations PRIMARY KEY (id);
ALTER TABLE ONLY public.servers
    ADD CONSTRAINT pk_servers PRIMARY KEY (server_id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT pk_tokens PRIMARY KEY (id);
ALTER TABLE ONLY public.traces
    ADD CONSTRAINT pk_traces PRIMARY KEY (id);
ALTER TABLE ONLY public.trunks
    ADD CONSTRAINT pk_trunks PRIMARY KEY (name);
ALTER TABLE ONLY public.voice_files
    ADD CONSTRAINT pk_voice_files PRIMARY KEY (company_code, name);
ALTER TABLE ONLY public.voice_uploads
    ADD CONSTRAINT pk_voice_uploads PRIMARY KEY (company_code, name);
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
CREATE INDEX ix_calls_bills ON public.calls USING btree (company_code, started_at, id) WHERE ((state)::text = 'ended'::text);
CREATE INDEX ix_calls_open ON public.calls USING btree (id) WHERE ((state)::text <> 'ended'::text);
CREATE INDEX ix_calls_unfetched ON public.calls USING btree (company_code, started_at, id) WHERE ((ended_at IS NOT NULL) AND (fetched_at IS NULL));
CREATE INDEX ix_extensions_company_code ON public.extensions USING btree (company_code);
CREATE INDEX ix_group_members_number ON public.group_members USING btree (number);
CREATE INDEX ix_legs_call_uuid ON public.legs USING btree (call_uuid);
CREATE INDEX ix_legs_open ON public.legs USING btree (call_uuid) WHERE ((state)::text <> 'ended'::text);
CREATE INDEX ix_legs_started_at ON public.legs USING btree (started_at);
CREATE INDEX ix_registrations_number ON public.registrations USING btree (number);
CREATE INDEX ix_tokens_company_code_id ON public.tokens USING btree (company_code, id);
CREATE INDEX ix_traces_call_uuid ON public.traces USING btree (call_uuid);
CREATE INDEX ix_traces_octets ON public.traces USING btree (octets);
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
