/** The commonest that are long enough, as leaks show them; what is guessed first. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `00000000 000000000 0000000000 0123456789 0987654321 1029384756 11111111 111111111 1111111111
  11223344 1122334455 112233445566 12121212 123123123 1231231234 12341234 123454321 1234554321
  12345678 123456789 1234567890 12345678910 123456789a 12345678a 123456abc 123456qwerty 12345qwert
  1234abcd 1234qwer 123abc123 123qweasd 123qweasdzxc 147258369 14789632 159357456 18436572 19871987
  1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 22222222 31415926 33333333 44444444
  55555555 66666666 77777777 789456123 87654321 88888888 963852741 987654321 9876543210 99999999
  999999999 a1234567 a12345678 a123456789 a1b2c3d4 aa12345678 aaaaaaaa abc12345 abc123456 abcd1234
  abcdefgh abcdefghi access14 admin123 admin1234 admin12345 admin123456 administrator alexander
  anthony1 asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl asdfjkl; azertyuiop babygirl barcelona
  baseball baseball1 basketball batman123 beautiful benjamin blink182 butterfly changeit changeme
  changeme1 changeme123 charlie1 charlotte chocolate christian christopher cocacola computer
  computer1 corvette courtney danielle dearbook default1 dragon123 einstein elephant elizabeth
  facebook football football1 forever1 football123 football2 freedom1 gabriella garfield gfhjkm123
  giovanni google123 guest123 hallo123 hello123 hellohello helloworld honeybee iloveyou iloveyou1
  iloveyou2 iloveyou! internet internet1 jennifer jessica1 jonathan jordan23 juventus killer123
  kristina letmein1 letmein123 liverpool liverpool1 lovelove loveme123 lovely123 mahalkita manchester
  marlboro master123 matthew1 maverick maximus1 mercedes metallica michael1 michelle microsoft
  midnight minecraft monkey123 motherlode mustang1 myspace1 naruto123 newpassword nicholas nintendo
  nothing1 p@ssw0rd p@ssword p@55w0rd p4ssw0rd pa$$w0rd pass1234 pass12345 passw0rd passw0rd1
  password password! password0 password01 password1 password1! password10 password11 password12
  password123 password123! password1234 password12345 password2 password2024 password2025
  password2026 password3 password9 passwort passwort1 patricia pokemon1 pokemon123 precious princess
  princess1 princess2 qazwsx123 qazwsxedc qazwsxedcrfv q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qwe123qwe
  qwer1234 qwer1234! qwerasdf qwert123 qwert1234 qwerty01 qwerty1! qwerty11 qwerty12 qwerty123
  qwerty1234 qwerty12345 qwerty123456 qwerty2 qwertyui qwertyuiop qwertzui qwertzuiop rainbow1
  realmadrid root1234 rootroot samantha samsung1 savannah scarface scorpion secret12 secret123
  security september shadow123 slipknot snoopy12 snowball softball spiderman startrek starwars
  starwars1 stephanie steelers sunshine sunshine1 superman superman1 superstar swordfish
  temp1234 test1234 test12345 test123456 testtest thomas123 tinkerbell trustno1 undertaker
  vanessa1 veronica victoria w1234567 welcome01 welcome1 welcome1! welcome12 welcome123 welcome1234
  whatever whatever1 williams winston1 wordpass www12345 xbox360x xxxxxxxx yankees1 zaq12wsx
  zaq1zaq1 zxcvbnm1 zxcvbnm123 zxcvbnm, zxcv1234 zzzzzzzz`.split(/\s+/),
)
