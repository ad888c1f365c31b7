namespace Stip.Client.Tests.Tokenization;

internal sealed record GoldenCase(
    string Text, int[] Ids, int[] IdsWithSpecial, string Decoded, string DecodedSkipSpecial);
