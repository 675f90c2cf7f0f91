-- The demonstration shop. chance(row, purpose) is a hash: the same seed, the same shop.
CREATE MACRO chance(row_number, purpose) AS
    (hash(row_number, purpose, seed()) >> 11)::DOUBLE / 9007199254740992.0;
CREATE MACRO pick(listed, row_number, purpose) AS
    listed[1 + floor(chance(row_number, purpose) * len(listed))::INTEGER];
CREATE MACRO draw(table_name, row_number, purpose) AS
    pick((SELECT list(words) FROM query_table(table_name)), row_number, purpose);
CREATE MACRO written(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%SZ');

CREATE TABLE store AS
SELECT DISTINCT lower(strip_accents(name)) AS store_id, 'Campanile ' || name AS name, name AS city, country
FROM places;

CREATE TABLE product AS
SELECT sku, name, category, round(8 + 172 * chance(sku, 'price'), 2) AS price FROM goods;

-- Two in a hundred came in twice, under another number and with the address typed otherwise.
CREATE TABLE people AS
SELECT number,
    CASE WHEN number > customers() - customers() // 50
        THEN 1 + floor(chance(number, 'twin') * (customers() - customers() // 50))::BIGINT
        ELSE number END AS person,
    1 + floor(chance(person, 'first') * (SELECT count(*) FROM first_names))::INTEGER AS first,
    1 + floor(chance(person, 'last') * (SELECT count(*) FROM last_names))::INTEGER AS last,
    floor(chance(person, 'place') * (SELECT count(*) FROM places))::BIGINT AS place,
    today() - to_seconds((-120 * 86400 * ln(1 - chance(number, 'seen')))::BIGINT + number % 3600) AS seen
FROM (SELECT unnest(range(1, customers() + 1)) AS number);

CREATE TABLE customer AS
WITH words AS (
    SELECT (SELECT list(words) FROM first_names) AS first_names, (SELECT list(words) FROM last_names) AS last_names,
        (SELECT list(words) FROM first_letters) AS first_letters, (SELECT list(words) FROM last_letters) AS last_letters
), typed AS (
    SELECT people.*, words.*, places.name AS city, places.language AS spoken, places.zone,
        first_letters[first] || '.' || last_letters[last] || '.' || person || '@example.com' AS address
    FROM people JOIN places ON places.number = people.place CROSS JOIN words
)
SELECT number AS customer_id,
    CASE WHEN chance(person, 'nameless') < 0.04 THEN '' ELSE first_names[first] END AS first_name,
    last_names[last] AS last_name,
    CASE WHEN number <> person THEN pick([upper(address), ' ' || address, upper(address[1]) || address[2:]], number, 'typing')
        WHEN chance(person, 'faulty') < 0.06 THEN pick(['', '', '', first_letters[first] || '@', 'n/a'], person, 'fault')
        ELSE address END AS email,
    CASE WHEN chance(person, 'mobile') < 0.7
        THEN '+33 6 ' || lpad(floor(chance(person, 'digits') * 1e8)::BIGINT::VARCHAR, 8, '0') ELSE '' END AS mobile,
    pick(['true', 'true', 'true', 'true', 'true', 'true', 'true', 'true', 'false', ''], person, 'agreed') AS email_ok,
    CASE WHEN chance(person, 'guest') < 0.1 THEN pick(['en', 'fr', 'de'], person, 'language') ELSE spoken END AS language,
    zone,
    pick(['bronze', 'bronze', 'bronze', 'bronze', 'bronze', 'bronze', 'bronze', 'silver', 'silver', 'gold'], person, 'tier') AS tier,
    CASE WHEN chance(person, 'born') < 0.8
        THEN strftime(DATE '1940-01-01' + floor(chance(person, 'birthday') * 24000)::INTEGER, '%Y-%m-%d') ELSE '' END AS birth_date,
    CASE WHEN chance(person, 'near') < 0.9 THEN lower(strip_accents(city)) ELSE '' END AS store_id,
    written(seen) AS last_seen,
    written(seen - to_days(1 + floor(chance(number, 'updated') * 89)::INTEGER)) AS updated_at
FROM typed;

-- A quarter has not bought for 200 days; the others buy with the season, until yesterday.
CREATE TABLE baskets AS
WITH bought AS (
    SELECT number AS customer_id, unnest(range(least(floor(-3.5 * ln(1 - chance(number, 'orders')))::BIGINT, 25))) AS place,
        chance(number, 'lapsed') < 0.25 AS lapsed
    FROM people
), dated AS (
    SELECT customer_id, place, chance(customer_id, 'day' || place)
        * CASE WHEN lapsed THEN (SELECT min(share) FROM shares WHERE day >= today() - to_days(200)) ELSE 1 END AS share
    FROM bought
)
SELECT row_number() OVER (ORDER BY day, customer_id, place) AS order_id, customer_id,
    day + to_seconds(8 * 3600 + floor(chance(customer_id, 'hour' || place) * 50400)::BIGINT) AS placed_at
FROM dated ASOF JOIN shares ON dated.share >= shares.share;

CREATE TABLE order_line AS
WITH numbered AS (SELECT row_number() OVER (ORDER BY sku) - 1 AS number, sku, price FROM product),
lines AS (
    SELECT order_id, unnest(range(1, 1 + pick([1, 1, 2, 3], order_id, 'lines'))) AS line_no FROM baskets
)
SELECT order_id, line_no, sku, pick([1, 1, 1, 2, 3], order_id * 4 + line_no, 'quantity') AS quantity, price
FROM lines JOIN numbered ON numbered.number
    = floor(chance(order_id * 4 + line_no, 'product') * (SELECT count(*) FROM product))::BIGINT;

CREATE TABLE "order" AS
SELECT order_id, customer_id,
    (SELECT list(store_id ORDER BY store_id) FROM store)[1 + floor(chance(order_id, 'store') * (SELECT count(*) FROM store))::INTEGER] AS store_id,
    written(placed_at) AS placed_at, round(sum(quantity * price), 2) AS amount,
    CASE WHEN chance(order_id, 'status') < 0.92 THEN 'paid' WHEN chance(order_id, 'status') < 0.97 THEN 'cancelled' ELSE 'refunded' END AS status
FROM baskets JOIN order_line USING (order_id) GROUP BY ALL;

-- Eight in a hundred have a contract of a year, some of them with an address for the bills.
CREATE TABLE contract AS
WITH begun AS (
    SELECT number, today()::DATE - (1 + floor(chance(number, 'begun') * 1000))::INTEGER AS start_date
    FROM people WHERE number = person AND chance(number, 'contract') < 0.08
)
SELECT 'K' || lpad(number::VARCHAR, 7, '0') AS contract_id, number AS customer_id,
    pick((SELECT list(words) FROM plans), number, 'plan') AS plan,
    CASE WHEN chance(number, 'ended') < 0.08 THEN 'cancelled' ELSE 'active' END AS status,
    strftime(start_date, '%Y-%m-%d') AS start_date,
    strftime(start_date + 365 * ceil((today()::DATE - 40 - start_date) / 365.0)::INTEGER
        + CASE WHEN start_date > today()::DATE - 40 THEN 365 ELSE 0 END, '%Y-%m-%d') AS end_date,
    CASE WHEN chance(number, 'billing') < 0.2 THEN 'accounts.' || number || '@example.com' ELSE '' END AS billing_email,
    round(4 + 26 * chance(number, 'fee'), 2) AS fee
FROM begun;
