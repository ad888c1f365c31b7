namespace Stip.Onnx.Symmetry.Pictures;

/// <summary>One graph of a model as it is drawn.</summary>
/// <param name="Title">What it is and whose.</param>
/// <param name="Cards">Its layers, equal neighbours taken together.</param>
internal sealed record PicturePart(string Title, IReadOnlyList<PictureCard> Cards);
