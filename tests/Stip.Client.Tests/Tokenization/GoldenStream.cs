namespace Stip.Client.Tests.Tokenization;

internal sealed record GoldenStream(string Text, int[] Ids, string[] Prefixes);
