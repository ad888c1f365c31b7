using System.Text.Json;

namespace Stip.Client.Tokenization.Models;

/// <summary>
/// SentencePiece pieces whose ids are those of a vocabulary beside the model (Marian, M2M100): one model cuts, the
/// other numbers. The reference has no such file; <c>onnx-export</c> writes it as the type <c>PieceVocabulary</c>.
/// </summary>
internal sealed class PieceVocabularyModel : TokenModel
{
    private readonly TokenModel _pieces;
    private readonly int _unknownId;

    private PieceVocabularyModel(TokenModel pieces, Vocabulary vocabulary, int unknownId)
        : base(vocabulary) => (_pieces, _unknownId) = (pieces, unknownId);

    public static PieceVocabularyModel Read(JsonElement model, Vocabulary vocabulary)
    {
        var pieces = TokenModel.Read(model.Required("pieces"));
        return pieces is PieceVocabularyModel
            ? throw new InvalidDataException("the pieces of a PieceVocabulary have a vocabulary of their own")
            : new PieceVocabularyModel(pieces, vocabulary, vocabulary.Id(model.Text("unk_token"))
                ?? throw new InvalidDataException("the unknown token is not in the vocabulary"));
    }

    public override void Encode(string piece, List<int> ids)
    {
        var cuts = new List<string>();
        _pieces.Cut(piece, cuts);

        // What no piece covers may still be a word of the other side, which has an id.
        ids.AddRange(cuts.Select(cut => Vocabulary.Id(cut) ?? _unknownId));
    }
}
