using Microsoft.ML.MaskedDiffusion.BatchScoring;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Search;
using Microsoft.ML.MaskedDiffusion.Trainers;
using Microsoft.ML.MaskedDiffusion.Transforms;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What can be done with masked diffusion language models, reached by <c>ml.MaskedDiffusion()</c>. Each task comes in two overloads: one
/// with the columns and the most common settings, with defaults for the rest, and one with all options.
/// </summary>
/// <remarks>Safe for several threads.</remarks>
public sealed partial class MaskedDiffusionCatalog
{
    internal MaskedDiffusionCatalog(MLContext mlContext) => MLContext = mlContext;

    internal MLContext MLContext { get; }

    /// <summary>
    /// Trains a masked diffusion model on a text column; without a network, as <see cref="TrainingRecipes.Fast"/> does.
    /// </summary>
    /// <param name="textColumnName">The text column, one document in each row.</param>
    /// <param name="network">
    /// A network, which is trained with the defaults of <see cref="TrainerOptions"/>. Null, the default, for the recipe's for five minutes
    /// on two cores, trained as the recipe says.
    /// </param>
    /// <param name="maxSteps">Optimizer steps, 1 or more.</param>
    /// <param name="validationSet">Data to measure the loss on while training; the model returned is then the best one measured.</param>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public MaskedDiffusionTrainer Trainer(
        string textColumnName = "Text", TransformerConfig? network = null, long maxSteps = 1000, IDataView? validationSet = null) =>
        Trainer(OptionsOf(network is null ? TrainingRecipes.FewSteps() : new(), textColumnName, network, maxSteps, validationSet));

    /// <summary>Trains a masked diffusion model on a text column, with options.</summary>
    /// <param name="options">The settings; copied and checked.</param>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public MaskedDiffusionTrainer Trainer(TrainerOptions options) => new(MLContext, options);

    /// <summary>
    /// Trains the autoregressive baseline on a text column: the same network with a causal mask, which predicts the next token.
    /// </summary>
    /// <param name="textColumnName">The text column, one document in each row.</param>
    /// <param name="network">The network; null for the 6M preset with a context of 256 tokens.</param>
    /// <param name="maxSteps">Optimizer steps, 1 or more.</param>
    /// <param name="validationSet">Data to measure the loss on while training; the model returned is then the best one measured.</param>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public AutoregressiveTrainer AutoregressiveTrainer(
        string textColumnName = "Text", TransformerConfig? network = null, long maxSteps = 1000, IDataView? validationSet = null) =>
        AutoregressiveTrainer(OptionsOf(new(), textColumnName, network, maxSteps, validationSet));

    /// <summary>
    /// Trains the autoregressive baseline on a text column, with the options of the masked diffusion model it is compared with.
    /// </summary>
    /// <param name="options">The settings; copied and checked.</param>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public AutoregressiveTrainer AutoregressiveTrainer(TrainerOptions options) => new(MLContext, options);

    /// <summary>
    /// Searches for the options with which a <see cref="MaskedDiffusionTrainer"/> learns best: trains models with many, stops those that
    /// are behind, and returns the best. Long: see <see cref="SearchOptions.Progress"/> and <see cref="SearchOptions.CancellationToken"/>.
    /// </summary>
    /// <param name="trainingSet">
    /// The training data: read once for all trials that share its tokens, and in each trial where rows are sequences of their own.
    /// </param>
    /// <param name="options">What is varied, what counts, and how long; copied and checked.</param>
    /// <returns>The best model with its options, and all trials; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or a value of the space is.</exception>
    /// <exception cref="InvalidOperationException">
    /// All trainings failed; or the folder holds a search, and <see cref="SearchOptions.Resume"/> is not set; or the ranks of
    /// <see cref="SearchOptions.ProcessGroup"/> have other options or other folders, or another rank has failed
    /// (<see cref="RankFailedException"/>).
    /// </exception>
    /// <exception cref="InvalidDataException">The log is damaged, or belongs to another search.</exception>
    /// <exception cref="IOException">The folder cannot be written, or another search uses it.</exception>
    /// <exception cref="OperationCanceledException">The search was cancelled before a model was measured.</exception>
    public SearchResult Search(IDataView trainingSet, SearchOptions options)
    {
        ArgumentNullException.ThrowIfNull(trainingSet);
        ArgumentNullException.ThrowIfNull(options);
        SearchOptions own = options.Clone();
        own.Check();
        using var run = new SearchRun(MLContext, trainingSet, own);
        return run.Run();
    }

    /// <summary>
    /// A view of the documents in UTF-8 files: one file, or the *.txt, *.jsonl and *.ndjson files of a folder and the folders in it, in the
    /// ordinal order of their names. A line of .jsonl and .ndjson files is a document, any other file is one as a whole. Files are opened
    /// when the view is read, and never held in memory.
    /// </summary>
    /// <param name="path">A file, or a folder with files.</param>
    /// <param name="textColumnName">The text column of the view.</param>
    /// <param name="jsonField">The field with the text in JSON lines.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder, or the folder has no such file.</exception>
    /// <exception cref="IOException">The folder, or one in it, may not be read.</exception>
    public IDataView LoadText(string path, string textColumnName = "Text", string jsonField = "text") =>
        LoadText(new TextFilesOptions { Path = path, ColumnName = textColumnName, JsonField = jsonField });

    /// <summary>
    /// A view of the documents in UTF-8 files, with options. Reading throws <see cref="InvalidDataException"/> with file and line where
    /// bytes are not UTF-8, a line is not the JSON expected, or a document is longer than <see cref="TextFilesOptions.MaxDocumentBytes"/>.
    /// Memory: one document (about 8 times its bytes), and the files' names.
    /// </summary>
    /// <param name="options">Which files, and what is a document in them; copied and checked.</param>
    /// <exception cref="ArgumentException">An option is empty or out of its range.</exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder, or the folder has no such file.</exception>
    /// <exception cref="IOException">The folder, or one in it, may not be read.</exception>
    public IDataView LoadText(TextFilesOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TextFilesView(options);
    }

    /// <summary>
    /// A view of a CSV or TSV file with a header, in UTF-8: each column a text under its own name; one without a name is Column1, Column2
    /// and so on by its place. The file is read as <see cref="ScoreFile"/> reads it, after RFC 4180, whenever the view is read, and never
    /// held in memory.
    /// </summary>
    /// <param name="path">The file; a name that ends in .tsv has tabs between cells, any other has commas.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The header is missing, names a column twice, or cannot be read.</exception>
    public IDataView LoadTable(string path) => LoadTable(new TableOptions { Path = path });

    /// <summary>
    /// A view of a CSV or TSV file, with options. Reading throws <see cref="InvalidDataException"/> with file and line where a row has more
    /// or fewer cells than the first line, a quotation mark is not closed, bytes are not UTF-8, or a row is longer than 64 MiB. Blank lines
    /// are no rows. Memory: one row.
    /// </summary>
    /// <param name="options">Which file, and how its cells are parted; copied and checked.</param>
    /// <exception cref="ArgumentException">An option is empty or out of its range.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The header is missing, names a column twice, or cannot be read.</exception>
    public IDataView LoadTable(TableOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TableView(options);
    }

    /// <summary>
    /// Opens packed tokens to train on with <see cref="MaskedDiffusionTrainer.Fit(PackedCorpus)"/>: the files of one folder whose names
    /// have the same beginning, shuffled.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="prefix">How the files' names begin.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A file is no packed corpus file, cut off, or unlike the others.</exception>
    public PackedCorpus LoadPackedTokens(string folder, string prefix = "train") =>
        LoadPackedTokens(new PackedCorpusOptions { Sources = [new PackedSource(folder, prefix)] });

    /// <summary>Opens packed tokens to train on, with options: several data sets with weights, block length, the published order.</summary>
    /// <param name="options">Which files, and how they are cut and ordered; copied and checked.</param>
    /// <exception cref="ArgumentException">An option is empty or out of its range.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A file is no packed corpus file, cut off, or unlike the others of its data set.</exception>
    public PackedCorpus LoadPackedTokens(PackedCorpusOptions options) => new(options);

    /// <summary>
    /// Tokenizes a text column and writes the ids as packed files, with the end of sequence after each document, as the Python system's
    /// data scripts do: both that system and <see cref="LoadPackedTokens(string, string)"/> read them. Memory: one file's ids and the
    /// documents being tokenized. The files appear at the end, together.
    /// </summary>
    /// <param name="data">The text, read once.</param>
    /// <param name="tokenizer">The tokenizer, with an end of sequence.</param>
    /// <param name="folder">Where the files go; made if missing.</param>
    /// <param name="textColumnName">The text column, one document in each row.</param>
    /// <param name="prefix">How the files' names begin.</param>
    /// <param name="cancellationToken">Stops it, and removes what was written.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="ArgumentException">The tokenizer has no end of sequence, or a name is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or not a text.</exception>
    /// <exception cref="InvalidOperationException">The column holds no text at all.</exception>
    /// <exception cref="IOException">
    /// The folder has files of that prefix, or of one that begins with it or with which it begins; or it cannot be written.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public PackedTokensResult SavePackedTokens(
        IDataView data,
        TextTokenizer tokenizer,
        string folder,
        string textColumnName = "Text",
        string prefix = "train",
        CancellationToken cancellationToken = default) =>
        SavePackedTokens(
            data, tokenizer, folder, new PackedTokensOptions { TextColumnName = textColumnName, Prefix = prefix }, cancellationToken);

    /// <summary>Tokenizes a text column and writes the ids as packed files, with options.</summary>
    /// <param name="data">The text, read once.</param>
    /// <param name="tokenizer">The tokenizer, with an end of sequence.</param>
    /// <param name="folder">Where the files go; made if missing.</param>
    /// <param name="options">Column, names, file size, progress; checked.</param>
    /// <param name="cancellationToken">Stops it, and removes what was written.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="ArgumentException">The tokenizer has no end of sequence.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or not a text, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The column holds no text at all.</exception>
    /// <exception cref="IOException">
    /// The folder has files of that prefix, or of one that begins with it or with which it begins; or it cannot be written.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public PackedTokensResult SavePackedTokens(
        IDataView data, TextTokenizer tokenizer, string folder, PackedTokensOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(options);
        return PackedTokensExport.Run(data, tokenizer, folder, options, cancellationToken);
    }

    /// <summary>
    /// Scores texts, or what follows a context: adds NegativeLogLikelihood (nats), its standard error, TokenCount, and nats per character
    /// and byte. Exact for an autoregressive model. <see cref="LikelihoodScorer"/> does the same without data views.
    /// </summary>
    /// <param name="model">The model that scores; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="textColumnName">The text column.</param>
    /// <param name="contextColumnName">
    /// The text column with what stands before the text, joined to it by a space; null, the default, where each text is a document of its
    /// own.
    /// </param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public LikelihoodScoringEstimator ScoreLikelihood(
        MaskedDiffusionModel model, string textColumnName = "Text", string? contextColumnName = null) =>
        ScoreLikelihood(model, new LikelihoodScoringOptions { TextColumnName = textColumnName, ContextColumnName = contextColumnName });

    /// <summary>Scores texts, or what follows a context, with options.</summary>
    /// <param name="model">The model that scores; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="options">Checked and copied.</param>
    /// <exception cref="ArgumentException">An option is out of range or does not apply to an autoregressive model.</exception>
    public LikelihoodScoringEstimator ScoreLikelihood(MaskedDiffusionModel model, LikelihoodScoringOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new LikelihoodScoringEstimator(model, options);
    }

    /// <summary>
    /// Zero-shot multiple choice: adds for each option Score, StandardError, LogLikelihood, the same per character and per byte, and
    /// Probability, and the best option as PredictedLabel.
    /// </summary>
    /// <param name="model">The model that scores; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="contextColumnName">The text column that options continue.</param>
    /// <param name="choicesColumnName">The column of options, a vector of text.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public ChoiceScoringEstimator ScoreChoices(
        MaskedDiffusionModel model, string contextColumnName = "Context", string choicesColumnName = "Choices") =>
        ScoreChoices(model, new ChoiceScoringOptions { ContextColumnName = contextColumnName, ChoicesColumnName = choicesColumnName });

    /// <summary>Zero-shot multiple choice, with options.</summary>
    /// <param name="model">The model that scores; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="options">Checked and copied.</param>
    /// <exception cref="ArgumentException">An option is out of range or does not apply to an autoregressive model.</exception>
    public ChoiceScoringEstimator ScoreChoices(MaskedDiffusionModel model, ChoiceScoringOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new ChoiceScoringEstimator(model, options);
    }

    /// <summary>
    /// Zero-shot multiple choice with one option in each row; the rows of a question stand next to each other. The figures are those of the
    /// vector form.
    /// </summary>
    /// <param name="model">The model that scores; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="contextColumnName">The text column that options continue, the same in all rows of a question.</param>
    /// <param name="choiceColumnName">The text column of options.</param>
    /// <param name="groupColumnName">The column that tells questions apart: a text, date, truth value, number or key.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public GroupedChoiceScoringEstimator ScoreChoices(
        MaskedDiffusionModel model, string contextColumnName, string choiceColumnName, string groupColumnName) => ScoreChoices(
        model,
        new GroupedChoiceScoringOptions
        {
            ContextColumnName = contextColumnName,
            ChoiceColumnName = choiceColumnName,
            GroupColumnName = groupColumnName,
        });

    /// <summary>Zero-shot multiple choice with one option in each row, with options.</summary>
    /// <param name="model">The model that scores; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="options">Checked and copied.</param>
    /// <exception cref="ArgumentException">An option is out of range or does not apply to an autoregressive model.</exception>
    public GroupedChoiceScoringEstimator ScoreChoices(MaskedDiffusionModel model, GroupedChoiceScoringOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new GroupedChoiceScoringEstimator(model, options);
    }

    /// <summary>
    /// Fills gaps: [MASK] is one token, [MASK*5] a span of five, [MASK*2-8] one of two to eight and [MASK*] one of unknown length.
    /// <see cref="GapSyntax.Escape"/> makes any text plain; <see cref="Infiller"/> does the same without data views.
    /// </summary>
    /// <param name="model">The model that fills; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="inputColumnName">The text column with gaps.</param>
    /// <param name="outputColumnName">The column of filled texts.</param>
    /// <exception cref="ArgumentException">A name is empty or the model autoregressive.</exception>
    public InfillEstimator Infill(MaskedDiffusionModel model, string inputColumnName = "Text", string outputColumnName = "Filled") =>
        Infill(model, new InfillOptions { InputColumnName = inputColumnName, OutputColumnName = outputColumnName });

    /// <summary>
    /// Fills gaps, with options: among them candidates to choose from, several draws, and columns with log-probabilities.
    /// </summary>
    /// <param name="model">The model that fills; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="options">Checked and copied.</param>
    /// <exception cref="ArgumentException">An option is out of range or the model autoregressive.</exception>
    public InfillEstimator Infill(MaskedDiffusionModel model, InfillOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new InfillEstimator(model, options);
    }

    /// <summary>
    /// Writes a text after each prompt, which is plain text as the tokenizer reads it: adds the text, its log-probability, and how it was
    /// written. <see cref="TextGenerator"/> does the same without data views, and lets you watch.
    /// </summary>
    /// <param name="model">The model that writes; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="promptColumnName">The text column with the prompts.</param>
    /// <param name="outputColumnName">The column of the written texts, without the prompts.</param>
    /// <param name="maxNewTokens">
    /// The most tokens to write, 0 to 1048576. Default null: see <see cref="GenerationOptions.MaxNewTokens"/>.
    /// </param>
    /// <exception cref="ArgumentException">A name is empty, or the number of tokens is out of its range.</exception>
    public TextGenerationEstimator Generate(
        MaskedDiffusionModel model, string promptColumnName = "Prompt", string outputColumnName = "Completion", int? maxNewTokens = null) =>
        Generate(
            model,
            new TextGenerationOptions
            {
                PromptColumnName = promptColumnName,
                OutputColumnName = outputColumnName,
                Generation = new GenerationOptions { MaxNewTokens = maxNewTokens },
            });

    /// <summary>Writes a text after each prompt, with options.</summary>
    /// <param name="model">The model that writes; it stays the caller's and must outlive what is made of it.</param>
    /// <param name="options">Checked and copied.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public TextGenerationEstimator Generate(MaskedDiffusionModel model, TextGenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TextGenerationEstimator(model, options);
    }

    /// <summary>
    /// Measures a corpus: perplexity per token and bits per byte with their standard errors, over all documents and for each group.
    /// Documents longer than the model's context are scored in windows, never cut.
    /// </summary>
    /// <param name="data">The corpus, read once.</param>
    /// <param name="model">The model that scores; it stays the caller's.</param>
    /// <param name="textColumnName">The text column.</param>
    /// <param name="groupColumnName">
    /// A column of text, dates, truth values or numbers, such as a month: each of its values gets figures of its own. Null, the default,
    /// for none.
    /// </param>
    /// <param name="cancellationToken">Stops after the current batch of rows.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    /// <exception cref="ArgumentException">No row has a text with a token.</exception>
    public PerplexityResult EvaluatePerplexity(
        IDataView data,
        MaskedDiffusionModel model,
        string textColumnName = "Text",
        string? groupColumnName = null,
        CancellationToken cancellationToken = default) =>
        EvaluatePerplexity(data, model, new PerplexityOptions(), textColumnName, groupColumnName, cancellationToken);

    /// <summary>Measures a corpus, with options.</summary>
    /// <param name="data">The corpus, read once.</param>
    /// <param name="model">The model that scores; it stays the caller's.</param>
    /// <param name="options">Stride, samples, progress; checked and copied.</param>
    /// <param name="textColumnName">The text column.</param>
    /// <param name="groupColumnName">The column whose values get figures of their own; null, the default, for none.</param>
    /// <param name="cancellationToken">Stops after the current batch of rows.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type, or an option is out of its range.</exception>
    /// <exception cref="ArgumentException">
    /// No row has a text with a token, or an option does not apply to an autoregressive model.
    /// </exception>
    public PerplexityResult EvaluatePerplexity(
        IDataView data,
        MaskedDiffusionModel model,
        PerplexityOptions options,
        string textColumnName = "Text",
        string? groupColumnName = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        var evaluator = new PerplexityEvaluator(model, options);
        return evaluator.Evaluate(CorpusReader.Read(data, textColumnName, groupColumnName, cancellationToken), cancellationToken);
    }

    private static TrainerOptions OptionsOf(
        TrainerOptions options, string textColumnName, TransformerConfig? network, long maxSteps, IDataView? validationSet)
    {
        (options.TextColumnName, options.MaxSteps, options.ValidationSet) = (textColumnName, maxSteps, validationSet);
        options.Network = network ?? options.Network;
        return options;
    }
}
