package sample

import "strings"

// Names are combined from these tables. They come from many languages on
// purpose: what sorts, folds and compares names must cope with them. An
// underscore stands for a space.
const (
	firstTable = `Ana Ben Carla David Elif Farid Greta Hamza Ines Jonas Katarzyna Liam Mei Noor Oskar Priya Quentin
Rosa Samuel Tariq Ulrike Viktor Wanda Xavier Yuki Zoë André Björn Chloé Dagný Eneko François Gülşah Håkon Ída Jürgen
Łukasz Małgorzata Nuño Ömer Per-Erik Anne-Marie Jean-Luc Şirin Théo Ümit Věra Žofia Amara Babajide Chinwe Dembe Ekua
Fatou Gyasi Hadiza Imani Jabari Kwame Lerato Mosi Naledi Oluwaseun Panya Sipho Thandiwe Aiko Bao Chen Dae-Jung Eun-Ji
Feng Guang Haruto Isamu Jia Kenji Lan Min-Jun Nguyet Akira Ping Quan Ryo Sakura Tuan Wei Xiu Yan Aarav Bhavna Chitra
Devika Eshan Gauri Harish Indira Jaya Kiran Lakshmi Manoj Nandini Omkar Pooja Ravi Sunita Tanvi Uday Vikram Alejandra
Bruno Camila Diego Esperanza Felipe Graciela Hugo Itzel Joaquín Lucía Mateo Noemí Octavio Pilar Ramón Sofía Tomás
Úrsula Valentina Alasdair Bronwen Ciarán Deirdre Eilidh Fergus Gwen Hamish Isla Máire Niamh Oisín Rhys Siân Tegan
Aleksandr Bogdana Dmitri Elena Galina Igor Ksenia Leonid Marina Nikolai Oksana Pavel Raisa Sergei Tatiana Vadim Yana
Aino Eero Helmi Ilmari Kaisa Lauri Minna Onni Päivi Riikka Sampo Tuuli Väinö Dorottya Gergő László Márta Réka Zsófia
Giulia Lorenzo Beatrice Salvatore Chiara Eleni Kostas Despina Yannis Layla Omar Salma Youssef Rania Idris Nasrin Reza
Shirin Kaveh Avi Noa Eitan Tamar Kalani Moana Tane Aroha Heidi Matthias Sabine Torsten Wiebke Mikkel Freja Søren Astrid`

	lastTable = `Abarca Achterberg Adeyemi Aguirre Ahlström Akintola Albrechtsen Almeida Amadi Andersson Arvidsson Asante Aydın
Bäcker Balogun Banerjee Barbosa Bauernfeind Beaumont Bergström Bhattacharya Bianchi Bielski Björklund Blažek Bonnet
Botha Brânză Brogaard Bruckner Cabrera Çelik Chakraborty Chaudhary Chevalier Cieślak Colombo Contreras Cruickshank
Czerny Dąbrowski D'Amico D'Angelo Darkwa De_la_Cruz Delacroix Desjardins Diallo Dimitriou Dlamini Domínguez Donnelly
Dufour Dvořák Eberhardt Echeverría Edström Eguchi Ekström El-Sayed Eriksen Escobar Esposito Færch Farouk Fernández
Ferrara Fitzgerald Fjeld Fontaine Forsberg Frydman Fujimoto Gallagher García-Luna Gärtner Gaultier Georgiou Ghaffari
Giordano Gómez Gonçalves Góra Graber Grünwald Gudmundsen Gupta-Rao Gustafsson Gyamfi Haapala Hadžić Halvorsen Harkness
Hashimoto Haugen Havel Hedlund Heikkinen Hernández Hirsch Hofstetter Holm-Larsen Horáček Hristov Hughes-Pryce Huszár
Ibáñez Ibrahim Iglesias Ikeda Illés Ingebrigtsen Ishikawa Ivanović Jabłoński Jacobsen Jamieson Janković Jaroszewicz
Jeong Jiménez Johansen Jovanović Kaczmarek Kallas Kamau Kariuki Karlsson Kaufmann Kavanagh Keita Kjær Klingler
Kobayashi Kovačević Kowalczyk Krajíček Kristoffersen Kruger Kuznetsova Kyriakou Lacroix Laframboise Lagerkvist
Lindqvist Lombardi López-Ferrer Lund Macdonald Machado Maćkowiak Madsen Magnusson Mahlangu Mäkelä Malhotra Mancini
Marchetti Marković Martínez Matsuda Mazur Mbeki McAllister McGrath Mehta Mendoza Mertens Michaud Mikkelsen Mitsotaki
Moreau Moreno Mukherjee Müller Muñoz Murakami Murphy Mutasa N'Diaye N'Dour Nagy Nakamura Navarro Ndlovu Neumann Niemi
Nikolaidis Nkosi Nordahl Novák Novotný Nowak Nwosu O'Brien O'Connor O'Leary O'Malley Obuya Ochoa Odhiambo Ogawa
Okafor Okonkwo Olofsson Ólafsdóttir Oliveira Ortega Osei Østergaard Ôta Özdemir Pálsson Papadakis Park-Soler Patel
Pavlović Pedersen Peltonen Pereira Petrov Pham Piątek Pietilä Popescu Poulsen Prokop Quesada Quiroga Radulescu
Ramírez Rasmussen Reinholt Rémy Ribeiro Richter Rinaldi Rizzo Rojas Romano Rosenkranz Rossi Rousseau Rustamov Ryczko
Sá_Carneiro Saarinen Sætre Şahin Salazar Sánchez Santoro Sato Schäfer Schreiber Schröder Sedláček Seppälä Serrano
Shevchenko Shimizu Siddiqui Silva Simonsen Škoda Sokolova Soler Sørensen Souza Špaček Srinivasan Stavrou Stenberg
St._Clair Strand Suárez Subramaniam Suzuki Świątek Sylvestre Szabó Tachibana Takahashi Tanaka Tavares Teixeira
Thorvald Tkachenko Tominaga Torres Tóth Traoré Trần Tremblay Tshabalala Turunen Udoh Ueda Urbánek Usman Vaišnoras
Valcárcel Van_Aken Van_den_Bosch Van_der_Berg Varga Vasquez Venkataraman Vesterholt Villanueva Virtanen Vlašić
Von_Arx Voráček Wachter Wagenaar Walczak Wąsik Wanjiru Watanabe Weidenfeld Whitcombe Wierzbicki Wójcik Yamamoto
Yıldız Zając Zamora Zelenka Zieliński Zubiri Žižka Zuñiga`

	// Nobody in the HR file has one of these names: whoever is called so in a
	// system belongs to no identity.
	strangerTable = `Quistorp Zwirnlein Vandersloot Pfnür Brzozka Ekwensi Gnanapragasam Xhaferi Ptaszynski Uitdenbogaard
Tjiptoherijanto Ngqulunga Qvigstad Rzhevuska Wrzeszcz Djurdjevac Fnioles Hmelnitzki Kvrgic Ljungkvast`
)

// names is the tables, split, with their plain forms for logins.
type names struct {
	first, last           []string
	plainFirst, plainLast []string
	strangers             []string
}

func newNames() *names {
	n := &names{first: split(firstTable), last: split(lastTable), strangers: split(strangerTable)}
	for _, s := range n.first {
		n.plainFirst = append(n.plainFirst, plain(s))
	}
	for _, s := range n.last {
		n.plainLast = append(n.plainLast, plain(s))
	}
	return n
}

func split(table string) []string {
	list := strings.Fields(table)
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], "_", " ")
	}
	return list
}

// plain makes of a name what logins are made of: lower case ASCII letters.
func plain(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z':
			b.WriteRune(r)
		default:
			b.WriteString(folds[r])
		}
	}
	return b.String()
}

var folds = map[rune]string{
	'á': "a", 'à': "a", 'â': "a", 'ã': "a", 'ä': "ae", 'å': "a", 'ă': "a", 'ą': "a", 'ầ': "a", 'æ': "ae",
	'ç': "c", 'č': "c", 'ć': "c", 'ď': "d", 'é': "e", 'è': "e", 'ê': "e", 'ë': "e", 'ě': "e", 'ę': "e",
	'í': "i", 'ì': "i", 'î': "i", 'ï': "i", 'ı': "i", 'ł': "l", 'ñ': "n", 'ń': "n", 'ň': "n",
	'ó': "o", 'ò': "o", 'ô': "o", 'õ': "o", 'ö': "oe", 'ø': "o", 'ő': "o", 'ř': "r", 'š': "s", 'ś': "s", 'ş': "s", 'ß': "ss",
	'ť': "t", 'ú': "u", 'ù': "u", 'û': "u", 'ü': "ue", 'ů': "u", 'ý': "y", 'ž': "z", 'ż': "z", 'ź': "z", 'ğ': "g", 'ð': "d",
}
