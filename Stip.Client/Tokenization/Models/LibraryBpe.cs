using Microsoft.ML.Tokenizers;
using Stip.Client.Tokenization.PreTokenization;

namespace Stip.Client.Tokenization.Models;

/// <summary>
/// The merge core of Microsoft.ML.Tokenizers, for the models on which it is exact: a complete byte alphabet, no unknown
/// token, no byte fallback, no affixes. Its splitting and its added tokens are not used (docs/client.md says why).
/// </summary>
internal sealed class LibraryBpe
{
    private readonly BpeTokenizer _tokenizer;

    private LibraryBpe(BpeTokenizer tokenizer) => _tokenizer = tokenizer;

    public static LibraryBpe? TryCreate(
        Vocabulary vocabulary, BpeSettings settings, (string Left, string Right)[] pairs)
    {
        var exact = settings.IsPlain
            && ByteAlphabet.Characters.All(character => vocabulary.Id([character]) is not null)
            && pairs.All(pair => !pair.Left.Contains(' ', StringComparison.Ordinal)
                && !pair.Right.Contains(' ', StringComparison.Ordinal));
        if (!exact)
        {
            return null;
        }

        try
        {
            return new LibraryBpe(BpeTokenizer.Create(new BpeOptions(vocabulary.Ids)
            {
                Merges = pairs.Select(pair => $"{pair.Left} {pair.Right}"),
            }));
        }
        catch (ArgumentException)
        {
            // The library takes no id and no merge twice; the reference does, and so does what stands in for it.
            return null;
        }
        catch (InvalidOperationException)
        {
            throw new InvalidDataException("a merge joins or makes a piece that is not in the vocabulary");
        }
    }

    public void Encode(string piece, List<int> ids) =>
        ids.AddRange(_tokenizer.EncodeToIds(piece, considerPreTokenization: false, considerNormalization: false));
}
